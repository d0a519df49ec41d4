"""Shell, Puppet and Salt on a machine that has nothing of ours: what each of them must do is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.managed.machine import Machine
from tests.managed.recipes import EXAMPLES, HERE, RECIPES, Recipe, copy_in
from tests.managed.rotation import rotate
from tests.managed.tools import put_salt

pytestmark = [pytest.mark.containers, pytest.mark.managed]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipe(recipe: Recipe, start_machine: Callable[[str], Machine]) -> None:
    """The life of a machine, in the order in which it happens; each step needs the one before it."""
    machine = start_machine(recipe.kind)
    copy_in(machine)
    if recipe.needs == "salt":
        put_salt(machine)
    place = f"{HERE}/{recipe.site}"
    good = (EXAMPLES / recipe.site).read_text()

    if recipe.look is not None and recipe.looks_first:
        before = machine.etc()
        look = recipe.look(machine)
        assert look.good, look.output
        assert look.changed, look.output
        assert machine.etc() == before

    first = recipe.run(machine)
    assert (first.good, first.changed) in ((True, True), (True, None)), first.output
    assert "acme_foo-1.0" in machine.get("/simple/acme-foo/")
    assert "public_one-1.0" in machine.get("/simple/public-one/")
    machine.checked()
    running, workers, etc = machine.get("/-/rewritegen"), machine.generation(), machine.etc()
    assert running.strip() in machine.text()

    second = recipe.run(machine)
    assert second.good, second.output
    assert not second.changed, second.output
    assert machine.generation() <= workers, "it was reloaded"
    assert machine.etc() == etc

    other = good.replace("acme-*", "acme-*, team-*")
    machine.put(place, other)
    if recipe.look is not None:
        look = recipe.look(machine)
        assert look.good, look.output
        assert look.changed, look.output
        assert (machine.etc(), machine.get("/-/rewritegen")) == (etc, running)
    changed = recipe.run(machine)
    assert (changed.good, changed.changed) in ((True, True), (True, None)), changed.output
    assert machine.generation() - workers, "it was not reloaded"
    assert machine.get("/-/rewritegen") != running
    running, workers, etc = machine.get("/-/rewritegen"), machine.generation(), machine.etc()
    assert running.strip() in machine.text()

    machine.put(place, good.replace("claims:", "claim:"))
    broken = recipe.run(machine)
    assert not broken.good, broken.output
    assert "unknown key `claim` in this private directory" in broken.output
    assert "did you mean `claims`?" in broken.output
    assert machine.generation() <= workers, "it was reloaded"
    assert machine.etc() == etc
    assert machine.get("/-/rewritegen") == running

    if recipe.name == "shell":  # the one that installs it, and has httpd
        rotate(machine, "/var/log/apache2")

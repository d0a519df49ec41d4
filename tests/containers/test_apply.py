"""``rewritegen apply`` outside of the container in which the server runs, as docs/howto-apply.md has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rewritegen.provenance import fingerprint_of
from tests.containers.editions import NORMAL, Edition, needed_modules
from tests.containers.lab import Lab
from tests.containers.servers import SITE_PORT, rendered
from tests.support import trees
from tests.support.hosts import fingerprint, run
from tests.support.ports import HOST
from tests.support.scenes import wheels
from tests.support.sites import index_site, write_site
from tests.support.tools import missing

pytestmark = [pytest.mark.containers, pytest.mark.slow, pytest.mark.long]

PIDS = {"nginx": "/run/nginx.pid", "apache": "/run/apache2/apache2.pid"}
COMMANDS = {
    "nginx": ("nginx -t", "nginx -s reload"),
    "apache": ("apache2ctl configtest", "apache2ctl graceful"),
}


@pytest.mark.parametrize("edition", NORMAL, ids=lambda edition: edition.kind)
def test_a_directory_that_a_container_reads(
    edition: Edition,
    session_lab: Lab,
    engine_address: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if shutil.which("docker") is None:
        missing("containers", "no docker command")
    monkeypatch.setenv("DOCKER_HOST", engine_address)
    team, hosts = trees.projects(place / "team", wheels("acme-foo-1.0")), place / "hosts"
    hosts.mkdir()
    settings = {
        "state": str(place / "state"),
        "listen": [SITE_PORT],
        "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
    }
    site_file = write_site(place / "site.yaml", settings, SITE_PORT)
    index_site(site_file)
    text = "".join(text for _, text in rendered(site_file, edition, "vhost").texts)
    box = session_lab.run(
        session_lab.image(edition.image),
        edition.argv(place, needed_modules(text)),
        read={hosts: edition.hosts, team: team, place / "state": place / "state"},
        publish=[SITE_PORT],
    )
    box.wait_for(lambda: box.run("test", "-s", PIDS[edition.kind])[0] == 0, "it runs", 60)
    port = box.port(SITE_PORT)
    inside = f"docker exec {box.container.name} "
    test, reload = (inside + command for command in COMMANDS[edition.kind])
    words = [
        *("apply", str(site_file), "--server", edition.kind, "-o", str(hosts)),
        *("--state", str(place / "apply"), "--url", f"http://{HOST}:{port}/simple/"),
        *("--test-command", test, "--reload-command", reload),
    ]
    done = run(words)
    assert done.code == 0, done.err
    installed = hosts / "packages.example.org.conf"
    first = fingerprint(port)
    assert first == fingerprint_of(installed.read_text()) != ""
    assert run(words).err == "unchanged\n"
    # what the server in there does not accept is taken back
    (hosts / "broken.conf").write_text("nonsense\n")
    settings["private"][0]["claims"] = ["acme-*", "secret-tool"]  # type: ignore[index]
    write_site(site_file, settings, SITE_PORT)
    before = installed.read_bytes()
    done = run(words)
    assert done.code == 1
    assert "error[RG844]" in done.err
    assert (installed.read_bytes(), fingerprint(port)) == (before, first)
    (hosts / "broken.conf").unlink()
    assert run(words).code == 0
    assert fingerprint(port) not in ("", first)
    assert run([*words, "--rollback"]).code == 0
    assert fingerprint(port) == first

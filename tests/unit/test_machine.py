"""What serving finds out about the machine."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

import pytest

from rewritegen.machine import adapted, keep_copies, name_servers
from rewritegen.site import Site, load_site

NOBODY = 65534


def site_of(more: str = "") -> Site:
    text = f"""
    server_name: packages.example.org
    listen: [80]
    private: [{{path: /srv/team, listing: automatic}}]
    {more}
    """
    return load_site("site.yaml", text=dedent(text).encode())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("nameserver 127.0.0.53\n", ["127.0.0.53"], id="one"),
        pytest.param("# x\nnameserver\t1\n nameserver ::1 \n", ["[::1]"], id="IPv6"),
        pytest.param(
            "search example.org\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions edns0\n",
            ["192.0.2.1", "192.0.2.2"],
            id="two",
        ),
        pytest.param("nameserver fe80::1%eth0\nnameserver ten\n", [], id="none that is usable"),
        pytest.param("", [], id="empty"),
    ],
)
def test_name_servers(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "resolv.conf").write_text(text)
    assert list(name_servers(tmp_path / "resolv.conf")) == found


def test_a_machine_without_that_file_has_none(tmp_path: Path) -> None:
    assert list(name_servers(tmp_path / "none")) == []


def test_a_port_is_on_the_loopback_address_only() -> None:
    site = adapted(site_of(), 0, "state")
    assert [listen.address for listen in site.listen] == ["127.0.0.1"]
    assert site.listen[0].port != site.inner.port
    assert site.state == str(Path.cwd() / "state")


def test_what_the_site_says_stays() -> None:
    site = adapted(site_of("resolver: [192.0.2.9]"), None, None)
    assert (str(site.listen[0]), site.resolver, site.state) == ("80", ("192.0.2.9",), None)


def test_copies_lie_in_the_cache_of_the_site(tmp_path: Path) -> None:
    site = site_of(f"cache: {{path: {tmp_path}/kept}}")
    (tmp_path / "tree").mkdir()
    assert keep_copies(site, tmp_path / "tree", "nginx", None)
    assert (tmp_path / "tree" / "cache").resolve() == tmp_path / "kept" / "nginx"
    (tmp_path / "again").mkdir()
    assert keep_copies(site, tmp_path / "again", "nginx", None)


def test_a_site_without_cache_keeps_none(tmp_path: Path) -> None:
    assert not keep_copies(site_of(), tmp_path, "nginx", None)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_made_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    site = site_of(f"cache: {{path: {tmp_path}/file/kept}}")
    assert not keep_copies(site, tmp_path, "nginx", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away: run as root")
def test_the_cache_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """Such as that of the installed nginx, when root tries the same site."""
    site = site_of(f"cache: {{path: {tmp_path}/kept}}")
    (tmp_path / "kept" / "nginx").mkdir(parents=True)
    assert not keep_copies(site, tmp_path, "nginx", (NOBODY, NOBODY))
    assert (tmp_path / "kept" / "nginx").stat().st_uid == 0
    assert keep_copies(site, tmp_path, "apache", (NOBODY, NOBODY))
    assert (tmp_path / "kept" / "apache").stat().st_uid == NOBODY

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from rewritegen import pypi
from rewritegen.diagnostics import RewritegenError, SiteError
from rewritegen.names import Claim
from rewritegen.quantities import Duration, Size
from rewritegen.site import (
    Cache,
    Index,
    Listen,
    Mirror,
    PrivateDirectory,
    PrivateProxy,
    Proxy,
    Redirect,
    Site,
    Tls,
    load_site,
)
from rewritegen.starter import starter
from rewritegen.yamltree import key_of, path_of

FULL = """\
server_name: Packages.example.org
listen: [8443, "127.0.0.1:8080", "[::1]:8080"]
tls: {certificate: /etc/ssl/a.pem, key: /etc/ssl/private/a.key}
index: /pypi/simple/
state: /var/lib//rewritegen/./packages/
private:
  - name: team
    path: /srv/packages/team/
    layout: flat
    listing: pages
    claims: [Acme_*, secret.tool]
  - path: /srv/packages/Other_Team
    layout: static
  - proxy: HTTP://Eggs.example.org:80/team
    kind: devpi
    files: ["https://files.example.org:8443"]
    claims: [eggs]
public: [Acme.OSS]
fallbacks:
  - {mirror: /srv/pypi/web, layout: pep381client}
  - {proxy: "https://[2001:DB8::1]/simple"}
  - {redirect: pypi}
cache: {path: /var/cache/rewritegen, size: 20g, pages: 90s}
pypi: {index: "https://pypi.example.org/simple", files: ["https://files.example.org/packages"]}
ca: /etc/ssl/own.pem
"""

MINIMAL = "server_name: a.example.org\nprivate: [{path: /srv/a, listing: automatic}]\n"


def load(text: str) -> Site:
    return load_site("dir/site.yaml", text=text.encode())


def test_every_key() -> None:
    site = load(FULL)
    claims = (Claim.parse("acme-*"), Claim.parse("secret-tool"))
    team = PrivateDirectory(name="team", path="/srv/packages/team", layout="flat", claims=claims)
    other = PrivateDirectory(name="other-team", path="/srv/packages/Other_Team", layout="static")
    eggs = PrivateProxy(
        name="eggs-example-org",
        proxy="http://eggs.example.org/team/",
        kind="devpi",
        files=("https://files.example.org:8443/",),
        claims=(Claim.parse("eggs"),),
    )
    mirror = Mirror(name="web", mirror="/srv/pypi/web", layout="pep381client")
    proxy = Proxy(name="2001-db8-1", proxy="https://[2001:db8::1]/simple/")
    redirect = Redirect(name="pypi", redirect="https://pypi.example.org/simple/")
    index = site.indexes[0]
    for source, key in zip(
        (team, other, eggs, mirror, proxy, redirect),
        ("private[0]", "private[1]", "private[2]", "fallbacks[0]", "fallbacks[1]", "fallbacks[2]"),
        strict=True,
    ):
        source.at(key)
    assert index.private == (team, other, eggs)
    assert index.fallbacks == (mirror, proxy, redirect)
    assert (index.mount, index.public) == ("/pypi/simple/", ("acme-oss",))
    assert site.server_name == "packages.example.org"
    assert site.listen == (Listen(None, 8443), Listen("127.0.0.1", 8080), Listen("::1", 8080))
    assert [str(listen) for listen in site.listen] == ["8443", "127.0.0.1:8080", "[::1]:8080"]
    assert site.tls == Tls(certificate="/etc/ssl/a.pem", key="/etc/ssl/private/a.key")
    assert (site.state, site.ca, site.file) == (
        "/var/lib/rewritegen/packages",
        "/etc/ssl/own.pem",
        "site.yaml",
    )
    assert site.cache is not None
    kept = (site.cache.path, site.cache.size, site.cache.pages, site.cache.files, site.cache.stale)
    assert kept == ("/var/cache/rewritegen", 20 * 1024**3, 90, 365 * 86400, 30 * 86400)
    assert [str(value) for value in kept[1:]] == ["20g", "90s", "365d", "30d"]


def test_defaults() -> None:
    site = load(MINIMAL)
    source = PrivateDirectory(
        name="a", path="/srv/a", layout="projects", listing="automatic", claims=()
    )
    source.at("private[0]")
    assert site == Site(
        server_name="a.example.org",
        indexes=(Index(mount="/simple/", private=(source,)),),
        listen=(Listen(None, 8080),),
        ca="/etc/ssl/certs/ca-certificates.crt",
        file="site.yaml",
    )


def test_values_are_frozen_and_hashable() -> None:
    source = load(MINIMAL).indexes[0].private[0]
    with pytest.raises(ValidationError):
        source.name = "b"  # type: ignore[misc]
    assert source in {source: 1}


PLACES = {
    "value": ("private[0].claims[1]", (11, 22)),
    "map-entry": ("private[1]", (12, 5)),
    "nested": ("tls.key", (3, 41)),
    "absent-key": ("private[1].claims", (12, 5)),
    "absent-entry": ("private[7].claims[1]", (7, 3)),
    "absent-at-the-top": ("nonsense", (1, 1)),
    "nothing": ("", (1, 1)),
}


@pytest.mark.parametrize(("key", "place"), PLACES.values(), ids=PLACES)
def test_place(key: str, place: tuple[int, int]) -> None:
    found = load(FULL).place(key)
    assert found is not None
    assert (found.line, found.column) == place


def test_a_site_without_a_file_has_no_places() -> None:
    source = PrivateDirectory(path="/srv/a")
    assert (source.name, source.key) == ("a", "")
    assert (
        Site(server_name="a.example.org", indexes=(Index("/simple/", (source,)),)).place(
            "private[0]"
        )
        is None
    )


@pytest.mark.parametrize("key", ["private[0].claims[1]", "tls.key", "server_name", "[0]", ""])
def test_keys_and_paths(key: str) -> None:
    assert key_of(path_of(key)) == key


def test_the_file_may_be_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(MINIMAL.encode())))
    site = load_site("-")
    assert site.file == "-"
    place = site.place("server_name")
    assert place is not None
    assert str(place) == "<stdin>:1:14"


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    path.write_text(MINIMAL)
    assert load_site(path).file == "team.yaml"


SAME = {
    "byte-order-mark": "\ufeff" + MINIMAL,
    "carriage-returns": MINIMAL.replace("\n", "\r\n"),
    "document-markers": f"%YAML 1.1\n---\n{MINIMAL}...\n",
    "other-order": "\n".join(reversed(MINIMAL.splitlines())),
    "quotes": MINIMAL.replace("a.example.org", '"a.example.org"').replace(
        "automatic", "'automatic'"
    ),
    "alias": MINIMAL.replace("a.example.org", "&name a.example.org") + "public: []\n",
    "json": '{"server_name": "a.example.org", "private": [{"path": "/srv/a", "listing": "automatic"}]}',
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_the_same_site_in_other_words(text: str) -> None:
    assert load(text) == load(MINIMAL)


def test_an_alias_stands_for_its_value() -> None:
    text = (
        MINIMAL
        + "fallbacks:\n- {mirror: /srv/b, layout: &l static}\n- {mirror: /srv/c, layout: *l}\n"
    )
    assert [getattr(source, "layout", "") for source in load(text).indexes[0].fallbacks] == [
        "static",
        "static",
    ]


def test_dates_are_names_and_no_dates() -> None:
    text = MINIMAL.replace("automatic", "automatic, claims: [2024-01-01]")
    assert load(text).indexes[0].private[0].claims == (Claim.parse("2024-01-01"),)


ACCEPTED = {
    "underscore": ("a.example.org", "my_host.example.org"),
    "one-label": ("a.example.org", "localhost"),
    "root-mount": ("private:", "index: /\nprivate:"),
    "both-families": ("private:", 'listen: ["0.0.0.0:80", "[::]:80"]\nprivate:'),
    "one-port-two-addresses": ("private:", 'listen: ["127.0.0.1:80", "127.0.0.2:80"]\nprivate:'),
    "exception-below-a-prefix": (
        "automatic",
        "automatic, claims: [acme-*]}]\npublic: [acme-oss]\nfallbacks: [{proxy: pypi",
    ),
    "name-below-own-prefix": ("automatic", "automatic, claims: [acme-*, acme-b]"),
    "neighbours": ("private:", "state: /srv/ab\nprivate:"),
    "letters-beyond-ascii": ("/srv/a", "/srv/pakete-für-a/a"),
}


@pytest.mark.parametrize(("old", "new"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(old: str, new: str) -> None:
    assert old in MINIMAL
    load(MINIMAL.replace(old, new))


def test_the_word_pypi_is_what_pip_says() -> None:
    from pip._internal.models.index import PyPI

    proxy = load(MINIMAL + "fallbacks: [{proxy: pypi}]\n").indexes[0].fallbacks[0]
    assert isinstance(proxy, Proxy)
    assert (proxy.name, proxy.kind) == ("pypi", "pypi")
    assert proxy.proxy == PyPI.simple_url + "/"
    assert proxy.files == (f"https://{PyPI.file_storage_domain}/",)
    assert pypi.well_known() == (proxy.proxy, proxy.files)


def test_the_site_may_point_the_word_elsewhere() -> None:
    text = "fallbacks: [{name: n, proxy: pypi}]\npypi: {index: 'https://pypi.example.org/simple'}\n"
    proxy = load(MINIMAL + text).indexes[0].fallbacks[0]
    assert isinstance(proxy, Proxy)
    assert (proxy.name, proxy.proxy, proxy.files) == ("n", "https://pypi.example.org/simple/", ())


QUANTITIES = {"512k": Size(512 * 1024), "1g": Size(1024**3), "1025m": Size(1025 * 1024**2)}
TIMES = {"1s": Duration(1), "90s": Duration(90), "1h": Duration(3600), "1d": Duration(86400)}


@pytest.mark.parametrize(("text", "value"), QUANTITIES.items())
def test_sizes(text: str, value: Size) -> None:
    cache = Cache(path="/c", size=text)
    assert (cache.size, str(cache.size), f"{cache.size}") == (value, text, text)


@pytest.mark.parametrize(("text", "value"), TIMES.items())
def test_times(text: str, value: Duration) -> None:
    cache = Cache(path="/c", pages=text)
    assert (cache.pages, str(cache.pages)) == (value, text)


def uncommented(text: str) -> str:
    """Delete the ``#`` of every example, as the file says; prose has one blank behind its ``#``."""
    head, _, body = text.partition("\n\n")
    return f"{head}\n\n{re.sub(r'(?m)^#(?=[^ ]|  )', '', body)}"


def test_the_file_to_start_from_is_valid() -> None:
    site = load(starter())
    assert site.server_name == "packages.example.org"
    assert [source.name for source in site.indexes[0].private] == ["team"]
    assert [source.name for source in site.indexes[0].fallbacks] == ["pypi"]
    assert load(starter("Other.example.org")).server_name == "other.example.org"


def test_the_examples_in_the_file_to_start_from_are_valid() -> None:
    site = load(uncommented(starter()))
    index = site.indexes[0]
    assert [source.name for source in index.private] == ["team", "eggs"]
    assert [source.name for source in index.fallbacks] == ["netbook", "partner", "pypi"]
    assert site.tls is not None
    assert site.auth is not None
    assert site.cache is not None
    assert index.public == ("acme-oss",)


def test_each_example_in_the_file_to_start_from_is_valid_alone() -> None:
    text = starter()
    blocks = re.findall(r"(?m)(?:^#(?:[^ \n]|  ).*\n)+", text.partition("\n\n")[2])
    assert len(blocks) == 9
    for block in blocks:
        load(text.replace(block, re.sub(r"(?m)^#", "", block)))


def test_the_file_to_start_from_is_fit_to_read() -> None:
    assert starter().isascii()
    assert max(map(len, starter().splitlines())) <= 120


@pytest.mark.parametrize("name", ["a b", "*.example.org", "a\nlisten: [1]", ""])
def test_the_file_to_start_from_needs_a_host_name(name: str) -> None:
    with pytest.raises(RewritegenError, match="RG301"):
        starter(name)


def seconds(text: bytes) -> float:
    start = time.process_time()
    load_site("site.yaml", text=text)
    return time.process_time() - start


def test_five_thousand_claims_are_quick() -> None:
    """They take 0.05 s on a machine of 2024; the bound leaves room for a slow and busy one, and none for a square."""
    claims = "".join(f"      - secret-{number}\n" for number in range(5000))
    text = f"server_name: a.example.org\nstate: /s\nprivate:\n  - path: /srv/a\n    claims:\n{claims}".encode()
    load_site("site.yaml", text=MINIMAL.encode())
    assert min(seconds(text) for _ in range(3)) < 0.5


def test_loading_imports_nothing_that_only_mistakes_need() -> None:
    program = (
        "import sys; from rewritegen.site import load_site; load_site('-', text=sys.stdin.buffer.read());"
        "print(*sorted({'difflib', 'pip', 'jinja2', 'rich', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=MINIMAL.encode(), capture_output=True, check=True
    )
    assert done.stdout.decode().split() == []


LISTENS = {
    "port-and-address": (["8080", '"127.0.0.1:8080"'], 1),
    "address-and-port": (['"127.0.0.1:8080"', "8080"], 1),
    "port-twice": (["8080", "8080"], 1),
    "address-twice": (['"127.0.0.1:8080"', '"127.0.0.1:8080"'], 1),
    "other-port": (["8080", '"127.0.0.1:8081"'], 0),
    "port-and-all-of-a-family": (["8080", '"0.0.0.0:8080"', '"[::]:8080"'], 2),
    "all-of-both-families": (['"0.0.0.0:8080"', '"[::]:8080"'], 0),
    "address-and-all-of-its-family": (['"[::1]:8080"', '"0.0.0.0:8080"', '"[::]:8080"'], 1),
    "all-of-a-family-and-an-address": (['"[::]:8080"', '"127.0.0.1:8080"', '"[::1]:8080"'], 1),
}


@pytest.mark.parametrize(("entries", "clashes"), LISTENS.values(), ids=LISTENS)
def test_one_address_and_port_is_bound_once(entries: list[str], clashes: int) -> None:
    text = f"{MINIMAL}listen: [{', '.join(entries)}]\n"
    if not clashes:
        load(text)
        return
    with pytest.raises(SiteError) as caught:
        load(text)
    assert [problem.code for problem in caught.value.problems] == ["RG407"] * clashes


HOSTILE = {
    "ports": "listen: ["
    + ",".join(f"'127.{n // 250}.{n % 250}.1:80'" for n in range(20_000))
    + "]\n",
    "mirrors": "fallbacks:\n" + "- mirror: /m\n" * 10_000,
    "keys": "".join(f"k{n}: &k{n} 1\n" for n in range(20_000)),
    "one-name": "public: [a" + "-a" * 1_000_000 + "]\n",
    "one-host": "fallbacks: [{proxy: 'http://" + "a." * 1_000_000 + "'}]\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_large_files_are_answered_in_time(text: str) -> None:
    """What grows with the square of the file would take minutes; these take one second and a half at most."""
    start = time.process_time()
    with contextlib.suppress(SiteError):
        load(MINIMAL + text)
    assert time.process_time() - start < 10

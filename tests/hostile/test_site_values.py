"""No value of a site file means anything but itself: it is refused at its place, or both servers read it back.

Every value is put into every field at once, in four ways; what is refused is taken out until the rest is a site, so
that each test is a few loads, and the rest is one configuration that the real programs read.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import crossplane
import pytest
import yaml

from rewritegen.cli_site import located
from rewritegen.diagnostics import CODES, Problem, RewritegenError, SiteError
from rewritegen.plan import compile_plan
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.site import Site, load_site
from tests.hostile.site_values import PLACEMENTS, VALUES, WAYS, field_of, fields, leaves, put, site
from tests.servers.test_apache_scopes import LOADED, host
from tests.servers.test_nginx_config import wrapper
from tests.support import trees
from tests.support.certificates import Authority
from tests.support.compare import hrefs
from tests.support.processes import free_port, traversable_directory
from tests.support.scenes import wheels
from tests.support.sites import index_site, start_site, write_site
from tests.support.tools import require
from tests.support.wire import ask

#: The fields that are free text; all others are whitelists.
PATHS = {
    *("tls.certificate", "tls.key", "state", "private[path].path", "fallbacks[mirror].mirror"),
    *("cache.path", "ca", "auth.basic", "auth.certificates"),
}
#: What a value of another field can be made of; IPv6 addresses and claims have brackets and an asterisk.
WHITELIST = re.compile(r"[A-Za-z0-9_.~+@=:/*\[\]-]*")

#: One line that a browser shows.
SHOWN = {"auth.realm"}
#: One line in a report of `lint`; the servers' texts have nothing of it.
REPORTED = {"lint.ignore[].reason", "lint.ignore[].about"}

each_way = pytest.mark.parametrize("way", WAYS)
each_value = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)


def test_the_site_has_every_field_of_the_schema() -> None:
    """A new key goes into :func:`site`, and so through all of this."""
    sites = [site(Path("/srv"), way) for way in WAYS]
    found = {field_of(settings, path) for settings in sites for path, _ in leaves(settings)}
    assert found == fields()
    assert fields() >= PATHS | SHOWN | REPORTED
    for settings in sites:
        load(settings)


def load(settings: dict[str, Any]) -> Site:
    # escaped: raw, YAML itself would fold some of them to a blank
    text = yaml.safe_dump(settings, allow_unicode=False, sort_keys=False, width=100_000)
    return load_site("site.yaml", text=text.encode())


def check_problem(problem: Problem, codes: Mapping[str, str]) -> None:
    """Everything that a person needs to mend it, on lines that a terminal shows as they are."""
    assert problem.code in codes
    assert problem.help
    assert problem.place is not None, problem
    assert str(problem.place).startswith(f"site.yaml:{problem.place.line}:{problem.place.column}")
    assert 1 <= problem.place.column <= len(problem.place.text) + 1
    said = str(SiteError([problem]))
    assert not [c for c in said if not c.isprintable() and c != "\n"], said


def accepted(settings: dict[str, Any], values: dict[str, Any]) -> tuple[Site, dict[str, Any]]:
    """The site with those of the values that are not refused, and these values."""
    left = dict(values)
    for _ in range(len(values) + 1):
        try:
            return load(put(settings, left)), left
        except SiteError as error:
            refused = set(refused_by(error, left))
        left = {path: value for path, value in left.items() if path not in refused}
    raise AssertionError("what is refused is none of the values")


def refused_by(error: SiteError, left: dict[str, Any]) -> Iterator[str]:
    for problem in error.problems:
        check_problem(problem, CODES)
        at = {path for path in left if problem.key in (path, field_at(path))}
        # an exception has lost its claim
        yield from at or {path for path in left if "claims" in path}


def field_at(path: str) -> str:
    """The list or map around a value: some clashes are told of it."""
    return re.sub(r"(\[\d+\]|\.[a-z]+)$", "", path)


def placed(harmless: object, value: str, placement: str) -> str:
    text = str(harmless)
    return PLACEMENTS[placement].format(value=value, harmless=text, front=text[:-1], last=text[-1:])


def normal(path: str) -> str:
    """What the site makes of a path: no doubled or final slash, no part that is a dot."""
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


@each_way
@pytest.mark.slow
@pytest.mark.parametrize("placement", PLACEMENTS)
@each_value
def test_what_is_not_free_text_is_of_harmless_characters(
    value: str, placement: str, way: str
) -> None:
    settings = site(Path("/srv"), way)
    values = {path: placed(text, value, placement) for path, text in leaves(settings)}
    made, left = accepted(settings, values)
    for path, text in left.items():
        field = field_of(settings, path)
        if field in PATHS:
            assert text.isprintable()
            assert ".." not in text.split("/")
        elif field in SHOWN | REPORTED:
            assert text.isprintable()
        else:
            assert WHITELIST.fullmatch(text), path
    compile_plan(made)


@each_value
def test_no_key_is_anything_but_known(value: str) -> None:
    """In the place of each key of each map."""
    settings = site(Path("/srv"))
    maps: list[Any] = [settings, settings["tls"], settings["cache"], settings["pypi"]]
    maps += [*settings["private"], *settings["fallbacks"]]
    for entry in maps:
        entry[value] = "x"
        with pytest.raises(SiteError) as caught:
            load(settings)
        del entry[value]
        for problem in caught.value.problems:
            check_problem(problem, CODES)


# ---------------------------------------------------------------- what the servers read

#: Directive and its argument, as a program has read them.
Read = list[tuple[str, list[str]]]


class Bench:
    """Renders the site for a server, and has the installed program read it."""

    def __init__(self, kind: str, root: Path, pem: Path, way: str = "basic") -> None:
        self.kind = kind
        self.root = root
        self.settings = site(root / kind, way)
        self._pem = pem
        self._harmless: dict[frozenset[str], Counter[str]] = {}

    def rendered(self, values: dict[str, Any]) -> tuple[Site, dict[str, Any], str]:
        """The site and its text with those of the values that neither the site nor the server refuses."""
        program = server(self.kind)
        made, left = accepted(self.settings, values)
        for _ in range(len(values) + 1):
            try:
                plan = compile_plan(made)
                assert program.refusals(plan, "vhost", program.baseline) == ()
                ((_, text),) = program.render(plan, "vhost", program.baseline).texts
                return made, left, text
            except RewritegenError as error:
                gone = set()
                for problem in located(made, error.problems):
                    check_problem(problem, {"RG601": "", "RG701": ""})
                    gone |= {path for path in left if path.startswith(problem.key)}
            left = {path: text for path, text in left.items() if path not in gone}
            made = load(put(self.settings, left))
        raise AssertionError("what the server refuses is none of the values")

    def directives(self, left: dict[str, Any]) -> Counter[str]:
        """How often each directive stands in the text when these fields have a harmless value more."""
        fields = frozenset(left)
        if fields not in self._harmless:
            texts = {path: text for path, text in leaves(self.settings) if path in fields}
            harmless = {path: placed(text, "x", "at the end") for path, text in texts.items()}
            made, _, text = self.rendered(harmless)
            self._harmless[fields] = Counter(name for name, _ in self.read(made, text))
        return self._harmless[fields]

    def read(self, made: Site, text: str) -> Read:
        """What the program has read; it finds certificate, key and authorities where the site says they are."""
        assert made.tls is not None
        assert made.cache is not None
        shutil.rmtree(self.root / self.kind, ignore_errors=True)
        places = [
            *(("site.pem", made.tls.certificate), ("site.key", made.tls.key), ("ca.pem", made.ca)),
            *([("ca.pem", made.auth.certificates)] if made.auth and made.auth.certificates else []),
        ]
        for name, place in places:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._pem / name, place)
        Path(made.cache.path).mkdir(parents=True, exist_ok=True)
        tree = self.root / self.kind / "tree"
        tree.mkdir()
        return list(READERS[self.kind](tree, text))


def read_by_nginx(tree: Path, text: str) -> Iterator[tuple[str, list[str]]]:
    """By the grammar of crossplane, and tested by nginx itself."""
    (tree / "site.conf").write_text(text.replace("/var/log/nginx", "."))
    (tree / "logs").mkdir()
    main = tree / "nginx.conf"
    main.write_text(wrapper("include site.conf;"))
    done = run(server("nginx").test_command(str(require("nginx")), tree))
    assert "test is successful" in done
    parsed = crossplane.parse(str(main), strict=False, check_ctx=False)
    assert (parsed["status"], parsed["errors"]) == ("ok", [])
    for config in parsed["config"]:
        yield from lines_of(config["parsed"])


def lines_of(block: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for line in block:
        if line["directive"] != "#":
            # the escapes of nginx's tokenizer that crossplane leaves as they are
            yield line["directive"], [re.sub(r"\\([\"'\\])", r"\1", part) for part in line["args"]]
        for name, arguments in lines_of(line.get("block", [])):
            yield ("entry", [name]) if line["directive"] in ("map", "types") else (name, arguments)


def read_by_apache(tree: Path, text: str) -> Iterator[tuple[str, list[str]]]:
    """As httpd says itself."""
    # mod_info says what was read
    loaded = [*LOADED, "cache", "cache_disk", "info", "actions", "authn_core", "authn_file"]
    loaded += ["authz_user", "auth_basic"]
    directory = host(tree, text, loaded)
    command = [str(require("apache")), "-d", str(directory), "-f", "httpd.conf"]
    for line in run([*command, "-t", "-D", "DUMP_CONFIG"]).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name and not name.startswith("#"):
            yield name, words(rest.removesuffix(">") if name.startswith("<") else rest)


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def words(text: str) -> list[str]:
    """The arguments of a line; inside quotes a backslash escapes a quote and a backslash."""
    return [
        re.sub(r"\\([\"\\])", r"\1", found[2] if found[1] is None else found[1])
        for found in re.finditer(r'"((?:\\.|[^"\\])*)"|(\S+)', text)
    ]


READERS = {"nginx": read_by_nginx, "apache": read_by_apache}

#: Where the free text of the site stands, and what of it must be read back: directive and what follows the value.
READ_BACK: dict[str, dict[str, tuple[str, str]]] = {
    "nginx": {
        "tls.certificate": ("ssl_certificate", ""),
        "tls.key": ("ssl_certificate_key", ""),
        "state": ("alias", "/root" + "/"),
        "private[0].path": ("alias", "/"),
        "fallbacks[0].mirror": ("alias", "/packages/"),
        "cache.path": ("proxy_cache_path", "/nginx"),
        "ca": ("proxy_ssl_trusted_certificate", ""),
        "auth.basic": ("auth_basic_user_file", ""),
        "auth.certificates": ("ssl_client_certificate", ""),
    },
    "apache": {
        "tls.certificate": ("SSLCertificateFile", ""),
        "tls.key": ("SSLCertificateKeyFile", ""),
        "state": ("<Directory", "/root"),
        "private[0].path": ("<Directory", ""),
        "fallbacks[0].mirror": ("<Directory", "/packages"),
        "cache.path": ("CacheRoot", "/apache"),
        "ca": ("SSLProxyCACertificateFile", ""),
        "auth.basic": ("AuthUserFile", ""),
        "auth.certificates": ("SSLCACertificateFile", ""),
    },
}
#: The ways that a server has not.
LACKING = {("apache", "request")}
#: One way of `auth` is enough for the default suite: the others differ in one field.
BENCHES = [
    pytest.param((kind, way), id=f"{kind}-{way}", marks=[] if way == "basic" else pytest.mark.long)
    for kind in SERVER_NAMES
    for way in WAYS
    if (kind, way) not in LACKING
]


def paths_of(settings: dict[str, Any]) -> set[str]:
    """Where in this site the free text stands."""
    return READ_BACK["nginx"].keys() & {path for path, _ in leaves(settings)}


@pytest.fixture(scope="module", params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    kind, way = request.param
    require(kind)
    with traversable_directory() as root:
        pem = root / "pem"
        pem.mkdir()
        authority = Authority(pem)
        issued = authority.issue("packages.example.org")
        issued.chain.rename(pem / "site.pem")
        issued.key.rename(pem / "site.key")
        authority.pem.rename(pem / "ca.pem")
        yield Bench(kind, root, pem, way)


@pytest.mark.server
@pytest.mark.slow
@each_value
def test_a_value_is_read_back_and_adds_no_directive(bench: Bench, value: str) -> None:
    """At the end of each field: what would end a word, a line or a section has something behind it to swallow."""
    free = paths_of(bench.settings)
    assert {field_of(bench.settings, path) for path in free} <= PATHS
    assert len(free) >= len(PATHS) - 2
    values = {path: placed(text, value, "at the end") for path, text in leaves(bench.settings)}
    made, left, text = bench.rendered(values)
    if not left:
        return  # nothing of it is written
    found = bench.read(made, text)
    assert Counter(name for name, _ in found) == bench.directives(left)
    for path in free & left.keys():
        directive, rest = READ_BACK[bench.kind][path]
        arguments = [args[0] for name, args in found if name == directive]
        assert f"{normal(left[path])}{rest}" in arguments


# ---------------------------------------------------------------- what the servers do with it


def writable(kind: str, root: Path, values: Mapping[str, str]) -> list[str]:
    """Those values that can be in every path of a site for this server."""
    bench = Bench(kind, root, root)
    found = []
    for value in values.values():
        mutated = {path: placed(text, value, "inside") for path, text in leaves(bench.settings)}
        free = paths_of(bench.settings)
        _, left, _ = bench.rendered({path: mutated[path] for path in free})
        if left.keys() >= free:
            found.append(value)
    return found


@pytest.mark.server
@pytest.mark.slow
def test_paths_lead_where_they_say(server_kind: str, place: Path) -> None:
    """One site with a private directory and a mirror for each value, and all the values at once in its state."""
    short = {word: value for word, value in VALUES.items() if "/" not in value}
    values = writable(server_kind, place / "none", short)
    assert len(values) > 20
    private, fallbacks = [], []
    for number, value in enumerate(values):
        team, copy = place / f"t{value}t", place / f"m{value}m"
        trees.projects(team, wheels(f"own-{number}-1.0", f"both-{number}-1.0"))
        trees.bandersnatch(copy, wheels(f"there-{number}-1.0", f"both-{number}-9.0"))
        private.append({"name": f"team-{number}", "path": str(team)})
        fallbacks.append({"name": f"copy-{number}", "mirror": str(copy)})
    together = "".join(value for value in values if len(value) < 12)
    settings = {"private": private, "fallbacks": fallbacks, "state": f"{place}/s{together}s"}
    site_file = write_site(place / "site.yaml", settings, free_port())
    index_site(site_file)
    live = start_site(server_kind, site_file, place / "tree")
    try:
        for number in range(len(values)):
            sources = {"own": "private/team", "both": "private/team", "there": "mirror/copy"}
            for name, source in sources.items():
                page = ask(live.port, f"/simple/{name}-{number}/")
                assert (page.status, page.one("X-Index-Source")) == (200, f"{source}-{number}")
                (link,) = (found for found in hrefs(page.body) if ".whl" in found)
                link = urljoin(f"http://x/simple/{name}-{number}/", link).partition("#")[0]
                file = ask(live.port, link.removeprefix("http://x"))
                assert (file.status, file.body[:2]) == (200, b"PK")
        assert ask(live.port, "/simple/own-x/").status == 404
    finally:
        live.server.stop()

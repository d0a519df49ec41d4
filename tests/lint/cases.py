"""For each rule of ``lint``: a site, directories or a text where it finds something, and a twin where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rewritegen.lint.context import Context, Text
from rewritegen.plan import compile_plan
from rewritegen.servers import server
from rewritegen.site import Site, load_site

__all__ = ["CASES", "Case", "Setup", "context_of"]


class Setup(NamedTuple):
    """What is looked at."""

    site: str = ""
    """Lines that stand in the file besides the usual ones; ``ROOT`` is the directory of the test."""
    files: tuple[str, ...] = ()
    """Paths below the directory of the test that are there; one that ends with a slash is a directory."""
    content: str = ""
    """What stands in them."""
    modes: tuple[tuple[str, int], ...] = ()
    text: str = ""
    """An installed text, by the server that ``served`` names; ``GENERATED`` is what is generated."""
    served: str = "nginx"
    name: str = "site.conf"
    edit: Callable[[str], str] | None = None
    known: frozenset[str] = frozenset()


class Case(NamedTuple):
    """Two sites: the rule finds something in one, and nothing in the other."""

    fires: Setup
    silent: Setup


TEAM = "private: [{path: ROOT/team, claims: [acme-*, secret]}]\n"
UNCLAIMED = "private: [{path: ROOT/team}]\n"
STATE = "state: ROOT/state\n"
PYPI = "fallbacks: [{name: index, proxy: 'https://index.example.org/simple/'}]\n"
MIRROR = "fallbacks: [{name: web, mirror: ROOT/web, layout: static}]\n"
BASE = STATE + TEAM
LISTED = STATE + TEAM.replace("claims", "listing: automatic, claims")
USUAL = ("team/.rewritegen-root", "team/acme-foo/acme_foo-1.0.tar.gz", "team/secret/x")


def site(text: str) -> Setup:
    return Setup(text)


def files(
    *paths: str, site: str = BASE, content: str = "", modes: tuple[tuple[str, int], ...] = ()
) -> Setup:
    return Setup(site, paths, content, modes)


def nginx(text: str) -> Setup:
    return Setup(BASE + PYPI, text=text)


def apache(text: str) -> Setup:
    return Setup(BASE + PYPI, text=text, served="apache")


def requires(name: str, fallbacks: str, known: tuple[str, ...] = ()) -> Setup:
    path = "state/metadata/team/acme-foo/acme_foo-1.0-py3-none-any.whl.metadata"
    content = f"Metadata-Version: 2.1\nName: acme-foo\nVersion: 1.0\nRequires-Dist: {name}>=1; extra == 'x'\n\nx"
    return Setup(BASE + fallbacks, (*USUAL, path), content, known=frozenset(known))


#: A header, so that what comes behind it is read as generated text is.
CASES: dict[str, Case] = {
    "RG001": Case(site(STATE + UNCLAIMED + PYPI), site(BASE + PYPI)),
    "RG002": Case(
        site(BASE + PYPI.replace("https", "http")),
        site(BASE + "fallbacks: [{proxy: 'http://127.0.0.1:3141/'}]\n"),
    ),
    "RG003": Case(site(BASE + PYPI), site(BASE + PYPI + "resolver: [127.0.0.53]\n")),
    "RG004": Case(
        site(BASE + PYPI + "resolver: ['[2001:4860::8]:53']\n"),
        site(BASE + PYPI + "resolver: [10.0.0.1, '[fd00::1]:53']\n"),
    ),
    "RG005": Case(
        site(TEAM.replace("claims", "listing: automatic, claims") + PYPI),
        site(TEAM.replace("claims", "listing: automatic, claims")),
    ),
    "RG006": Case(
        site(BASE + "auth: {basic: /etc/htpasswd}\n"),
        site(BASE + "auth: {basic: /etc/htpasswd}\nlisten: ['127.0.0.1:8080']\n"),
    ),
    "RG007": Case(site(BASE + PYPI), site(BASE + PYPI + "cache: {path: /var/cache/rewritegen}\n")),
    "RG008": Case(
        site(STATE + TEAM.replace("}]", "}, {path: ROOT/lab}]") + PYPI),
        site(STATE + TEAM.replace("}]", "}, {path: ROOT/lab}]")),
    ),
    "RG009": Case(site(BASE + PYPI + "offline: true\n"), site(BASE + "offline: true\n")),
    "RG010": Case(
        site(BASE + PYPI + "lint: {ignore: [{code: RG002, reason: through the VPN}]}\n"),
        site(BASE + PYPI + "lint: {ignore: [{code: RG007, reason: there is no disk}]}\n"),
    ),
    "RG020": Case(files(), files("team/")),
    "RG021": Case(files("team/acme-foo/x"), files("team/.rewritegen-root")),
    "RG022": Case(files("team/.rewritegen-root"), files(*USUAL)),
    "RG023": Case(
        files("team/Acme_Foo/x"), files("team/Acme_Foo/x", "state/aliases/team/acme-foo/")
    ),
    "RG024": Case(
        files(
            "team/acme-foo/x",
            "lab/Acme_Foo/x",
            site=STATE + TEAM.replace("}]", "}, {path: ROOT/lab}]"),
        ),
        files(
            "team/acme-foo/x",
            "lab/acme-bar/x",
            site=STATE + TEAM.replace("}]", "}, {path: ROOT/lab}]"),
        ),
    ),
    "RG025": Case(
        files("team/acme-foo/x", "web/acme-foo/index.html", site=BASE + MIRROR),
        files("team/acme-foo/x", "web/six/index.html", site=BASE + MIRROR),
    ),
    "RG026": Case(files("team/acme-foo/x"), files("team/secret/x")),
    "RG027": Case(
        files("team/", modes=(("team", 0o777),)), files("team/", modes=(("team", 0o775),))
    ),
    "RG028": Case(
        files(
            "htpasswd", site=BASE + "auth: {basic: ROOT/htpasswd}\n", modes=(("htpasswd", 0o644),)
        ),
        files(
            "htpasswd", site=BASE + "auth: {basic: ROOT/htpasswd}\n", modes=(("htpasswd", 0o640),)
        ),
    ),
    "RG029": Case(files(*USUAL, site=BASE + MIRROR), files(*USUAL, "web/", site=BASE + MIRROR)),
    "RG030": Case(
        files("team/acme-oss/x", site=BASE + "public: [acme-oss]\n"),
        files("team/acme-foo/x", site=BASE + "public: [acme-oss]\n"),
    ),
    "RG031": Case(
        files("team/acme-foo/index.v1_json", site=BASE.replace("claims", "layout: static, claims")),
        files(
            "team/acme-foo/index.v1_json",
            "team/acme-foo/index.html",
            site=BASE.replace("claims", "layout: static, claims"),
        ),
    ),
    "RG033": Case(
        files("team/acme-foo/README", site=LISTED), files("team/acme-foo/f-1.0.zip", site=LISTED)
    ),
    "RG034": Case(
        files("team/acme-foo/a b-1.0.zip", site=LISTED),
        files("team/acme-foo/a+b-1!2.0.zip", site=LISTED),
    ),
    "RG035": Case(
        files("web/six/index.html", site=BASE + MIRROR),
        files("web/six/index.html", site=BASE + MIRROR, content='<a href="six-1.0.zip">six</a>'),
    ),
    "RG040": Case(requires("acmefoo", PYPI), requires("numpy", PYPI)),
    "RG041": Case(
        requires("numpy", PYPI, known=("six",)), requires("numpy", PYPI, known=("numpy",))
    ),
    "RG042": Case(requires("numpy", PYPI), requires("acme-bar", PYPI)),
    "RG060": Case(
        Setup(BASE + PYPI, text="GENERATED", edit=lambda text: text.replace("15s", "150s")),
        Setup(BASE + PYPI, text="GENERATED"),
    ),
    "RG061": Case(
        Setup(BASE + PYPI, text=f"# Fingerprint: {'1' * 64}\n"),
        Setup(BASE + PYPI, text="GENERATED", served="apache"),
    ),
    "RG062": Case(
        nginx('location ~ "^/(a|b)/$" { return 404; }'), nginx('location ~ "^/(?:a|[(])/$" { }')
    ),
    "RG063": Case(nginx("map $a $b { ~^x 1; }"), nginx("map $a $b { default 0; ~^x 1; }")),
    "RG064": Case(
        nginx("location / { proxy_pass http://up$uri; }"),
        nginx("location / { proxy_pass http://up/$rg_name/; }"),
    ),
    "RG065": Case(
        nginx("server { location / { proxy_pass https://up/; } }"),
        nginx("server { proxy_ssl_verify on; location / { proxy_pass https://up/; } }"),
    ),
    "RG066": Case(nginx('location ~ "simple/" { }'), nginx('location ~ "(?x) ^/simple/" { }')),
    "RG067": Case(
        nginx("location / { add_header Vary Accept always; }"),
        nginx("location / { add_header Vary Accept; add_header X-Index-Source none; }"),
    ),
    "RG068": Case(
        nginx("location / { error_page 502 /x; }"),
        nginx("location / { error_page 502 = /x; error_page 404 =200 /y; }"),
    ),
    "RG069": Case(
        Setup(BASE + PYPI, text="map $a $b { default 0; }", name="a.locations.conf"),
        Setup(BASE + PYPI, text="location / { set $a 1; }", name="a.locations.conf"),
    ),
    "RG070": Case(
        apache('RewriteRule "^/(.*)$" "$1" "[L]"'), apache('RewriteRule "^/(.*)$" "/srv/$1"')
    ),
    "RG071": Case(
        apache('RewriteCond expr "true"'), apache('RewriteCond "%{REQUEST_METHOD}" "=GET"')
    ),
    "RG072": Case(
        apache('ProxyPassMatch "^/(.*)$" "http://up/$1"'),
        apache('ProxyPass "/simple/-/" "http://up/"'),
    ),
    "RG073": Case(
        apache('RewriteRule "^" "/x" "[B,L]"'), apache('RewriteRule "^" "/x" "[E=B:1,L]"')
    ),
    "RG074": Case(apache("CacheEnable disk"), apache("CacheQuickHandler Off\nCacheEnable disk")),
    "RG075": Case(apache("AllowEncodedSlashes NoDecode"), apache("AllowEncodedSlashes Off")),
    "RG076": Case(
        apache('<LocationMatch "simple/">\n</LocationMatch>'),
        apache('<LocationMatch "^/simple/">\n</LocationMatch>'),
    ),
}


def context_of(setup: Setup, root: Path) -> Context:
    """Lay out what a setup says, and return the context that rules look at."""
    for path in setup.files:
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(setup.content)
    for path, mode in setup.modes:
        (root / path).chmod(mode)
    text = f"server_name: packages.example.org\n{setup.site}".replace("ROOT", str(root))
    read = load_site("site.yaml", text=text.encode())
    installed = (_installed(setup, read),) if setup.text else ()
    return Context(
        read, look=bool(setup.files) or not setup.text, installed=installed, known=setup.known
    )


def _installed(setup: Setup, read: Site) -> Text:
    name, text = setup.name, setup.text
    if text == "GENERATED":
        program = server(setup.served)
        ((name, text),) = program.render(compile_plan(read), "vhost", program.baseline).texts
    return Text(setup.served, name, setup.edit(text) if setup.edit else text, installed=True)

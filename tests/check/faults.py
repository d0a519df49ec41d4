"""The sabotage table: one fault a row, put into a running site, and the code by which `check` must name it.

Faults of the text are patterns, for the server that has them; faults of the files are done to the directories. Each is
something that happened to somebody, or that a hand edit at three in the morning makes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.check.world import Checked
from tests.support.dists import wheel_bytes
from tests.support.sites import index_site

__all__ = ["FAULTS", "Fault"]

Edits = tuple[tuple[str, str], ...]
Change = Callable[[Checked], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    id: str
    code: str
    """Must be among the codes that are found."""
    edits: Mapping[str, Edits] = field(default_factory=dict)
    """By server."""
    change: Change | None = None
    """What is done before the server starts; the server may be any."""
    options: tuple[str, ...] = ("--remote",)
    """Most faults are seen from outside, without a look at the directories."""
    kinds: tuple[str, ...] = ("nginx", "apache")

    def apply(self, kind: str, tree: Path) -> None:
        """Change the texts of a tree.

        ``{root}`` and ``{digest}`` stand for the directory of the world, and for that of the proxy's copies on httpd.

        :raises AssertionError: when a pattern finds nothing to change.
        """
        for pattern, given in self.edits.get(kind, ()):
            changed = 0
            for path in sorted(tree.glob("*.conf")):
                digest = re.search(r"/-/pages/public/\$1/[^\n]*/(\w{8})\"", path.read_text())
                values = {"{root}": str(tree.parent), "{digest}": digest[1] if digest else ""}
                replacement = given
                for word, value in values.items():
                    replacement = replacement.replace(word, value)
                text, number = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
                path.write_text(text)
                changed += number
            assert changed, f"{self.id}: nothing looks like {pattern!r}"

    def arguments(self, kind: str, tree: Path) -> list[str]:
        """The options, with the name of the installed text in the place of ``{text}``."""
        name = {"nginx": "packages.example.org.conf", "apache": "httpd.conf"}[kind]
        return [option.replace("{text}", str(tree / name)) for option in self.options]


def _text(
    name: str,
    code: str,
    nginx: Edits = (),
    apache: Edits = (),
    *options: str,
    local: bool = False,
    change: Change | None = None,
) -> Fault:
    kinds = tuple(kind for kind, edits in (("nginx", nginx), ("apache", apache)) if edits)
    edits = {"nginx": nginx, "apache": apache}
    return Fault(name, code, edits, change, (*(() if local else ("--remote",)), *options), kinds)


def _files(name: str, code: str, change: Change, *, local: bool = False) -> Fault:
    return Fault(name, code, change=change, options=() if local else ("--remote",))


def _if(condition: str) -> str:
    return rf"^ *if \({condition}\) \{{\n[^}}]*\}}\n"


#: Where rules and headers may be added by hand, in the first virtual host.
_RULES = r"^    RewriteEngine On\n"
_HEADERS = r'^    Header set Cache-Control "no-cache" env=RG_FRESH\n'
_NOTHING = '    RewriteRule "^x" "-"\n'
_SERVER = r"^    # an upload of a private wheel must not"

#: httpd asks the fallback, by the rule that the generated text ends its pages with.
_ASKED = (
    r'        RewriteRule "^/simple/([^/]+)/$" '
    r'"/simple/-/pages/public/$1/%{ENV:RG_FORM}/%{ENV:RG_CODING}/{digest}" '
    r'"[E=RG_ASK:simple/-/pages/public/$1/%{ENV:RG_FORM}/%{ENV:RG_CODING}/{digest},'
    r'E=RG_DO:look,E=RG_MISS:again/have,E=RG_HIT:stop,PT,QSD,L]"\n'
)


def _removed(world: Checked) -> None:
    """A project whose files and directory have gone, and that somebody else has registered since."""
    shutil.rmtree(world.root / "team" / "Plain.Tool")
    index_site(world.site)
    world.index.add("plain-tool", {"plain_tool-99.0-py3-none-any.whl": b"PUBLIC"})


def _added(line: str) -> Edits:
    return ((_RULES, f"    RewriteEngine On\n    {line}\n"),)


def _header(line: str) -> Edits:
    return ((_HEADERS, rf"\g<0>    {line}\n"),)


# ---------------------------------------------------------------------- the text

_CLAIMS = (
    _text(
        "claims edited away",
        "RG931",
        ((r"(map \$rg_name \$rg_owned2?_\w+ \{\n *default 0;)[^}]*\}", r"\1\n}"),),
        (
            (r'^ *RewriteRule "\^/simple/\(\?:secret-tool\)/"[^\n]*\n', _NOTHING),
            (r'^ *RewriteRule "\^/simple/\(\?!\(\?:acme-oss\)[^\n]*\n', _NOTHING),
        ),
    ),
    _text(
        "one claim edited away",
        "RG931",
        ((r"^ *secret-tool 1;\n", ""),),
        ((r'^ *RewriteRule "\^/simple/\(\?:secret-tool\)/"[^\n]*\n', _NOTHING),),
    ),
    _text(
        "fallback before private",
        "RG911",
        (
            (
                r'("\^/simple/\(\?<rg_name>[^\n]*/\$" \{\n)',
                r"\1        rewrite ^ /-/rg_ask/public/$rg_name/ last;\n",
            ),
        ),
        ((r'^( *RewriteRule "!\^/simple/\[a-z0-9\]\+[^\n]*\[S=\d+\]"\n)', rf"{_ASKED}\1"),),
    ),
    _text(
        "mirror before claims",
        "RG911",
        (
            (
                r"^( *# private\[0\] team: has the project\n)",
                r"        if (-f {root}/mirror/simple/$rg_name/index.html) {\n"
                r"            rewrite ^ /-/rg_page/copy/$rg_name/index.html last;\n        }\n\1",
            ),
        ),
    ),
    _text(
        "names that were there once are forgotten",
        "RG931",
        ((_if(r"-f [^\n]*/state/names/\$rg_name"), ""),),
        ((r'^ *RewriteCond "[^\n]*/state/names/\$1" "-f"\n[^\n]*\n', _NOTHING),),
        local=True,
        change=lambda world: _removed(world),
    ),
    _text(
        "files of claims from everywhere",
        "RG932",
        ((_if(r"\$rg_hidden_\w+"), ""),),
        (
            (
                r'^ *RewriteRule \\\n *"(?:\(\?x\))?\^/files/public/[^"]*" \\\n[^\n]*\n[^\n]*\[NC,R=404,L\]"\n',
                _NOTHING,
            ),
            (r'^ *RewriteRule "\^/files/public/\(\?:\.\*/\)\?\(\?:secret[^\n]*\n', _NOTHING),
        ),
    ),
)

_SHAPES = (
    _text(
        "raw line not checked",
        "RG942",
        ((_if(r"\$rg_denied_\w+"), ""),),
        (
            (r'(/-/rewritegen\[\? \]"\n) *RewriteRule "\^" "-" "\[R=404,L\]"\n', rf"\1{_NOTHING}"),
            (r'^ *RewriteCond "%\{THE_REQUEST\}" "!\^\(\?:GET\|HEAD\)[^\n]*\n[^\n]*\n', _NOTHING),
        ),
    ),
    _text(
        "any method",
        "RG943",
        (
            (_if(r"\$request_method [^\n]*"), ""),
            (r"\^\(\?:GET\|HEAD\)\[ \]", "^[A-Z]+[ ]"),
        ),
        (
            (r'^ *RewriteCond "%\{REQUEST_METHOD\}"[^\n]*\n[^\n]*\n', _NOTHING),
            (r"\^\(\?:GET\|HEAD\) ", "^[A-Z]+ "),
        ),
    ),
    _text(
        "spellings go their own way",
        "RG940",
        (
            (
                r'(/simple/\(\?<rg_name>)\[a-z0-9\]\+\(\?:-\[a-z0-9\]\+\)\*(\)/\$" \{\n *add_header)',
                r"\1[A-Za-z0-9._-]+\2",
            ),
        ),
        ((r'^ *RewriteRule "\^/simple/\(\[A-Za-z0-9\._-\]\*\[A-Z\][^\n]*\n', _NOTHING),),
    ),
    _text(
        "absolute redirects to the inner port",
        "RG941",
        (
            (
                "absolute_redirect off;\n    server_tokens",
                "server_name_in_redirect on;\n    server_tokens",
            ),
        ),
        (
            (
                r"RedirectRelative On\n( *)Redirect 301 \"",
                r'Redirect 301 "http://packages.example.org:8179',
            ),
        ),
    ),
    _text(
        "redirects to http behind TLS",
        "RG941",
        (
            (
                r"return 301 /simple/\$rg_name/;",
                "return 301 http://$http_host/other/simple/$rg_name/;",
            ),
        ),
        ((r"RedirectRelative On\n( *)Redirect 301 \"", r'Redirect 301 "http://127.0.0.1'),),
    ),
    _text(
        "no Allow with 405",
        "RG943",
        ((r'^ *add_header Allow "GET, HEAD" always;\n', ""),),
        ((r"^ *Header always set Allow [^\n]*\n", "    Header always unset Allow\n"),),
    ),
)

_HEADER_FAULTS = (
    _text(
        "Vary dropped",
        "RG915",
        ((r'^ *add_header Vary "Accept, Accept-Encoding" always;\n', ""),),
        _header("Header always unset Vary\n    Header unset Vary"),
    ),
    _text(
        "private pages are kept for an hour",
        "RG916",
        (
            (
                r"(add_header X-Index-Source private/team always;\n[^\n]*\n *add_header Cache-Control )no-cache",
                r"\1max-age=3600",
            ),
        ),
        ((r'Cache-Control "no-cache" env=RG_FRESH', 'Cache-Control "max-age=3600" env=RG_FRESH'),),
    ),
    _text(
        "pages may run scripts",
        "RG927",
        ((r'default\n *"sandbox [^"]*"', "default \"script-src 'unsafe-inline'\""),),
        ((r'Define RG_POLICY \\\n *"[^"]*"', "Define RG_POLICY \"script-src 'unsafe-inline'\""),),
    ),
    _text(
        "JSON is called HTML",
        "RG913",
        ((r"application/vnd\.pypi\.simple\.v1\+json v1_json;", "text/html v1_json;"),),
        ((r"T=application/vnd\.pypi\.simple\.v1\+json", "T=text/html"),),
    ),
    _text(
        "JSON is never served",
        "RG913",
        ((r'(\(\?:,\|\$\)") v1_json;', r"\1 html;"),),
        ((r"E=RG_FORM:v1_json\]", "E=RG_FORM:html]"),),
    ),
    _text(
        "wheels are compressed",
        "RG920",
        (
            (
                r"(default_type application/octet-stream;\n *gzip) off;",
                r"\1 on;\n        gzip_min_length 1;\n        gzip_types *;",
            ),
        ),
        (
            *_header("SetOutputFilter DEFLATE"),
            (r"E=RG_SHORT:1,E=no-gzip:1", "E=RG_SHORT:1"),
        ),
    ),
    _text(
        "wheels have another type",
        "RG920",
        ((r"default_type application/octet-stream;", "default_type text/plain;"),),
        ((r"T=application/octet-stream", "T=text/plain"),),
    ),
    _text(
        "no ranges",
        "RG923",
        ((_SERVER, r"    max_ranges 0;\n\g<0>"),),
        _header("MaxRanges none"),
    ),
    _text(
        "pages are not compressed",
        "RG925",
        ((r"gzip_static on;\n *gzip on;", "gzip_static off;\n        gzip off;"),),
        (
            (r"E=RG_GZIP:1,", ""),
            (r"E=force-gzip:1", "E=no-gzip:1"),
        ),
    ),
    _text(
        "HEAD is refused",
        "RG922",
        ((_SERVER, r"    if ($request_method = HEAD) {\n        return 404;\n    }\n\g<0>"),),
        _added(
            'RewriteCond "%{REQUEST_METHOD}" "=HEAD"\n'
            '    RewriteRule "^/simple/|^/files/" "-" [R=404,L]'
        ),
    ),
    _text(
        "cookies of upstreams are passed on",
        "RG964",
        ((r"^ *proxy_hide_header Set-Cookie;\n", ""),),
        ((r"^ *Header (?:always )?unset Set-Cookie2?[^\n]*\n", ""),),
    ),
    _text(
        "another source is named",
        "RG911",
        ((r"X-Index-Source private/house", "X-Index-Source mirror/copy"),),
        ((r"E=RG_SOURCE:private/house", "E=RG_SOURCE:mirror/copy"),),
    ),
    _text(
        "health is gone",
        "RG905",
        ((r'return 200 "ok\\n"', r'return 503 "no\\n"'),),
        ((r'ErrorDocument 200 "ok\\n"', r'ErrorDocument 200 "no\\n"'),),
    ),
    _text(
        "no copies are kept",
        "RG962",
        ((r"proxy_cache rg_copies_\w+;", "proxy_cache off;"),),
    ),
    _text(
        "the first proxy before the mirror",
        "RG961",
        (
            (
                r"^( *# fallbacks\[0\] copy: has the page\n)",
                r"        rewrite ^ /-/rg_ask/public/$rg_name/ last;\n\1",
            ),
        ),
        ((r'^( *)RewriteRule "/\$" "-" "\[S=2\]"\n', r'\1RewriteRule "/$" "-" "[S=9]"\n'),),
    ),
    _text(
        "the host of an upstream was edited by hand",
        "RG909",
        ((r"set \$rg_host [^;]+;", "set $rg_host other.example.org;"),),
        ((r'RequestHeader set User-Agent "rewritegen"', 'RequestHeader set User-Agent "by hand"'),),
        "--config={text}",
    ),
)


# ---------------------------------------------------------------------- directories, state, upstream


def _page(world: Checked, name: str, form: str) -> Path:
    return world.state / "pages" / "team" / name / f"index.{form}"


def _cut(world: Checked, form: str) -> None:
    page = _page(world, "acme-foo", form)
    page.write_bytes(page.read_bytes()[:-200])


def _swap(world: Checked) -> None:
    pages = world.state / "pages" / "team"
    shutil.rmtree(pages / "acme-foo")
    shutil.copytree(pages / "plain-tool", pages / "acme-foo")


def _shorter(world: Checked) -> None:
    page = _page(world, "acme-foo", "v1_json")
    page.write_bytes(
        _page(world, "acme-foo", "v1_json").read_bytes().replace(b'"acme_foo-1.1', b'"acme_foo-1.2')
    )


def _metadata(world: Checked) -> list[Path]:
    return [path for path in (world.state / "metadata").rglob("*.metadata") if path.is_file()]


def _all_wheels(world: Checked) -> list[Path]:
    return [*(world.root / "team").rglob("*.whl"), *(world.root / "house").rglob("*.whl")]


def _without(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()


def _older(world: Checked) -> None:
    """An earlier version of the YAML is what runs: its text is written when the server starts."""
    world.write(
        private=[{**world.settings["private"][0], "claims": []}, *world.settings["private"][1:]]
    )


_ANSWERS = (
    _text(
        "conditions are refused",
        "RG926",
        ((_SERVER, r"    if ($http_if_none_match) {\n        return 412;\n    }\n\g<0>"),),
        _added('RewriteCond "%{HTTP:If-None-Match}" "."\n    RewriteRule "^" "-" [R=412,L]'),
    ),
    _text(
        "queries are looked at",
        "RG944",
        ((_SERVER, r"    if ($arg_format) {\n        return 404;\n    }\n\g<0>"),),
        _added('RewriteCond "%{QUERY_STRING}" "format="\n    RewriteRule "^" "-" [R=404,L]'),
    ),
    _text(
        "the list is that of an upstream",
        "RG951",
        (
            (
                r"^    location = /simple/ \{\n *add_header X-Index-Source none",
                "    location = /simple/ {\n        add_header X-Index-Source proxy/public always;\n"
                '        return 200 "";\n        add_header X-Index-Source none',
            ),
        ),
        _header(
            """Header always set X-Index-Source "proxy/public" "expr=%{REQUEST_URI} == '/simple/'\""""
        ),
    ),
    _text(
        "quick handler on",
        "RG965",
        (),
        (("CacheQuickHandler Off", "CacheQuickHandler On"),),
    ),
    _text("the exception is forgotten", "RG966", ((r"^ *acme-oss 0;\n", ""),)),
    _text(
        "missing files are looked for elsewhere",
        "RG933",
        (
            (
                r'^(    location ~ "\^/simple/\(\?<rg_name>[^\n]*<rg_file>[^\n]*\n)',
                r"\1        return 302 https://files.example.org/$rg_file;\n",
            ),
        ),
        _added('RewriteRule "^/simple/[^/]+/[^/]+$" "https://files.example.org/x" [R=302,L]'),
    ),
    _text(
        "claims are gone for good",
        "RG930",
        ((r'return 404 "this name', 'return 410 "this name'),),
        (
            (
                r'^( *RewriteRule "\^/simple/\(\?:secret-tool\)/" "-" "\[)R=404',
                r"\1R=410",
            ),
        ),
    ),
    _text(
        "another tree in the container",
        "RG983",
        ((r"-f [^\n]*/state/pages/house/", "-f /nowhere/"),),
        ((r'"[^"\n]*/state/pages/house/\$1/', '"/nowhere/$1/'),),
        local=True,
    ),
)

_FILES = (
    _files("JSON page cut off", "RG914", lambda w: _cut(w, "v1_json")),
    _files("HTML page cut off", "RG914", lambda w: _cut(w, "html")),
    _files("page of another project", "RG912", _swap),
    _files("page removed", "RG910", lambda w: shutil.rmtree(_page(w, "acme-foo", "html").parent)),
    _files("JSON has other files than HTML", "RG924", _shorter),
    _files("metadata removed", "RG921", lambda w: _without(_metadata(w))),
    _files(
        "metadata changed", "RG921", lambda w: [p.write_text("Name: x\n") for p in _metadata(w)]
    ),
    _files(
        "wheels changed",
        "RG919",
        lambda w: [p.write_bytes(p.read_bytes()[:-1] + b"!") for p in _all_wheels(w)],
    ),
    _files("wheels removed", "RG918", lambda w: _without(_all_wheels(w))),
    _files("root not mounted", "RG982", lambda w: (w.root / "house" / ".rewritegen-root").unlink()),
    _files("state lost", "RG950", lambda w: (w.state / "names" / "~rewritegen-names").unlink()),
    _files(
        "list with a stranger's project",
        "RG911",
        lambda w: [
            p.write_bytes(p.read_bytes().replace(b"house-tool", b"mirrored"))
            for p in (w.state / "root").glob("index.*")
        ],
    ),
    _files(
        "list cut off", "RG950", lambda w: (w.state / "root" / "index.html").write_text("no list")
    ),
    _files(
        "a new wheel is not indexed",
        "RG980",
        lambda w: (w.root / "team" / "acme-foo" / "acme_foo-2.0-py3-none-any.whl").write_bytes(
            wheel_bytes("acme-foo", "2.0")
        ),
        local=True,
    ),
    _files(
        "a removed wheel is still offered",
        "RG980",
        lambda w: next((w.root / "team" / "acme-foo").glob("*1.1*")).unlink(),
        local=True,
    ),
    _files(
        "a new directory is not scanned",
        "RG981",
        lambda w: (w.root / "team" / "new-tool").mkdir(),
        local=True,
    ),
    _files(
        "a scanned name is lost",
        "RG981",
        lambda w: (w.state / "names" / "plain-tool").unlink(),
        local=True,
    ),
    _files(
        "upstream has everything, and it is empty",
        "RG965",
        lambda w: setattr(w.index, "has_everything", True),
    ),
    _files("upstream is down", "RG963", lambda w: w.index.refuse()),
    _files(
        "upstream links to a closed host",
        "RG917",
        lambda w: w.index.extra.update(
            {
                "proxied": b'<a href="https://closed.example.org/p/proxied-2.0.tar.gz">proxied-2.0.tar.gz</a>'
            }
        ),
    ),
    _files(
        "upstream serves a page of another project",
        "RG912",
        lambda w: w.index.projects.update(proxied=w.index.projects["both"]),
    ),
)

FAULTS = (*_CLAIMS, *_SHAPES, *_HEADER_FAULTS, *_ANSWERS, *_FILES)

"""Deliberate faults in the generated text, one at a time: what somebody might take away, or write otherwise by hand.

Each is a pattern and what comes in its place; it must change the text, and the server must still start with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.differential.rich import (
    AUTH,
    BESIDE,
    LEGACY,
    LEGACY_LOST,
    LOST_ROOT,
    LOST_STATE,
    PLAIN,
    RICH,
)
from tests.differential.spec import SiteSpec

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault."""

    id: str
    kind: str
    edits: tuple[tuple[str, str], ...]
    """Patterns (dot matches newline not, ``^`` a line) and replacements, all of which must apply."""
    spec: SiteSpec = RICH

    @property
    def label(self) -> str:
        """The id of the test."""
        return f"{self.kind}-{self.id.replace(' ', '-')}"

    def apply(self, tree: Path) -> None:
        """Change the texts of a tree.

        :raises AssertionError: when one of the edits finds nothing to change.
        """
        texts = {path: path.read_text() for path in sorted(tree.glob("*.conf"))}
        digest = re.search(r"/-/pages/public/\$1/[^\n]*/(\w{8})\"", "".join(texts.values()))
        for pattern, given in self.edits:
            replacement = given.replace("{digest}", digest[1] if digest else "")
            changed = 0
            for path, text in texts.items():
                texts[path], number = re.subn(pattern, replacement, text, flags=re.MULTILINE)
                changed += number
            assert changed, f"{self.label}: nothing looks like {pattern!r}"
        for path, text in texts.items():
            path.write_text(text)


def _if(condition: str) -> str:
    """An ``if`` block of nginx without blocks in it."""
    return rf"^ *if \({condition}\) \{{\n[^}}]*\}}\n"


def _rule(*conditions: str, rule: str) -> str:
    """A rule of httpd with its conditions, on a line each."""
    lines = [rf" *RewriteCond {condition}\n" for condition in conditions]
    return rf"^{''.join(lines)} *RewriteRule {rule}\n"


_ANY = r"[^\n]*"

#: Takes the place of a rule of httpd, so that those that skip rules still skip the right number.
_NOTHING = '    RewriteRule "^x" "-"\n'

_ASKED = (
    r'        RewriteRule "^/simple/([^/]+)/$" '
    r'"/simple/-/pages/public/$1/%{ENV:RG_FORM}/%{ENV:RG_CODING}/{digest}" '
    r'"[E=RG_ASK:simple/-/pages/public/$1/%{ENV:RG_FORM}/%{ENV:RG_CODING}/{digest},'
    'E=RG_DO:look,E=RG_MISS:again/have,E=RG_HIT:stop,PT,QSD,L]"\n'
)

_NGINX: tuple[tuple[Any, ...], ...] = (
    (
        "claims map dropped",
        [(r"(map \$rg_name \$rg_owned2?_\w+ \{\n *default 0;)[^}]*\}", r"\1\n}")],
    ),
    ("scanned names dropped", [(_if(r"-f [^\n]*/state/names/\$rg_name"), "")]),
    ("directory test dropped", [(_if(r"-d [^\n]*\$rg_name"), "")]),
    ("raw line not checked", [(_if(r"\$rg_denied_\w+"), "")]),
    (
        "any method",
        [(_if(r"\$request_method [^\n]*"), ""), (r"\^\(\?:GET\|HEAD\)\[ \]", "^[A-Z]+[ ]")],
    ),
    (
        "no canonical redirect",
        [
            (
                r'(/simple/\(\?<rg_name>)\[a-z0-9\]\+\(\?:-\[a-z0-9\]\+\)\*(\)/\$" \{\n *add_header)',
                r"\1[A-Za-z0-9._-]+\2",
            )
        ],
    ),
    (
        "request_uri forwarded",
        [
            (
                r"http://rg_public_(\w+)/pages/public/\$rg_name/;",
                r"http://rg_at_public_\1$request_uri;",
            )
        ],
    ),
    (
        "query forwarded",
        [
            (r"(/pages/public/\$rg_name/);", r"\1$is_args$args;"),
            (r"(rg_at_public_\w+/simple/\$rg_name/);", r"\1$is_args$args;"),
        ],
        PLAIN,
    ),
    (
        "headers forwarded",
        [("proxy_pass_request_headers off;", "proxy_pass_request_headers on;")],
        PLAIN,
    ),
    (
        "accept of the client",
        [(r"Accept \$rg_accept\w+\$rg_others\w+;", "Accept $http_accept;")],
        PLAIN,
    ),
    ("everybody may read", [(r"^ *auth_basic \"[^\n]*\n", "")], AUTH),
    ("files of claims public", [(_if(r"\$rg_hidden_\w+"), "")]),
    ("files of scanned names public", [(_if(r"-f [^\n]*/state/names/\$rg_stem[^\n]*"), "")]),
    (
        "capitals in names of files",
        [
            (r"^ *rewrite \"\^/-/rg_stem/[^\n]*\)[A-Z]\(\?<[^\n]*\n", ""),
            (_if(r"\$uri ~ \"\^/-/rg_stem/\.\*\[A-Z\]\""), ""),
        ],
    ),
    (
        "first parts of a path only",
        [
            (
                r'^ *rewrite "\^/-/rg_stem/\(\?<rg_rest>\.\+\)[^\n]*\n',
                r"        rewrite ^ /-/rg_take/$rg_route last;\n",
            )
        ],
    ),
    (
        "fallback before private",
        [
            (
                r'("\^/simple/\(\?<rg_name>[^\n]*/\$" \{\n)( *add_header X-Index-Source none always;\n)',
                r"\1        rewrite ^ /-/rg_ask/public/$rg_name/ last;\n\2",
            )
        ],
    ),
    (
        "one copy for all names",
        [(r"(proxy_cache_key )pages/public/\$rg_name/\$rg_form", r"\1pages/public/x/$rg_form")],
    ),
    (
        "one copy for all codings",
        [(r"(pages/public/\$rg_name/\$rg_form_\w+/)\$rg_coding_\w+", r"\1x")],
    ),
    (
        "inner locations open",
        [
            (r"^ *internal;\n", ""),
            (r"(map \$request \$rg_denied_\w+ \{\n *default 1;\n)", r'\1    "~^GET /-/rg_" 0;\n'),
        ],
    ),
    ("private index not final", [(_if(r"\$rg_owned_\w+"), "")]),
    ("exception forgotten", [(r'^ *"?~?\^?\(?[^\n]*quxvo-oss[^\n]*\n', "")]),
    ("root marker not looked at", [(_if(r"!-f [^\n]*/\.rewritegen-root"), "")], LOST_ROOT),
    ("state sentinel not looked at", [(_if(r"!-f [^\n]*/~rewritegen-names"), "")], LOST_STATE),
)

_APACHE: tuple[tuple[Any, ...], ...] = (
    (
        "claims dropped",
        [
            (_rule(rule=r'"\^/simple/\(\?:quxvoy-secret\)/"[^\n]*'), _NOTHING),
            (_rule(rule=r'"\^/simple/\(\?!\(\?:quxvo-oss\)[^\n]*'), _NOTHING),
        ],
    ),
    ("scanned names dropped", [(_rule(r'"[^\n]*/state/names/\$1" "-f"', rule=_ANY), _NOTHING)]),
    ("directory test dropped", [(r'^ *RewriteCond "[^\n]*/house/\$1" "!-d"\n', "")]),
    ("link test dropped", [(r'^ *RewriteCond "[^\n]*" "!-l"\n', "")]),
    (
        "raw line not checked",
        [
            (r'(/-/rewritegen\[\? \]"\n) *RewriteRule "\^" "-" "\[R=404,L\]"\n', rf"\1{_NOTHING}"),
            (_rule(r'"%\{THE_REQUEST\}" "!\^\(\?:GET\|HEAD\)[^\n]*', rule=_ANY), _NOTHING),
        ],
    ),
    (
        "any method",
        [
            (_rule(r'"%\{REQUEST_METHOD\}"[^\n]*', rule=_ANY), _NOTHING),
            (r"\^\(\?:GET\|HEAD\) ", "^[A-Z]+ "),
        ],
    ),
    (
        "body of a GET",
        [
            (_rule(r'"%\{HTTP:Content-Length\}[^\n]*', rule=_ANY), _NOTHING),
            # without this second one, what asks upstreams still drops the body that it was sent
            (r"^ *RequestHeader unset Content-Length\n", _NOTHING),
        ],
        PLAIN,
    ),
    ("no lower case", [(_rule(rule=r'"\^/simple/\(\[A-Za-z0-9\._-\]\*\[A-Z\][^\n]*'), _NOTHING)]),
    (
        "no redirect",
        [
            (
                r'^ *RewriteCond "\$1 %\{REQUEST_URI\}"[^\n]*\n *RewriteRule [^\n]*\n[^\n]*\n',
                _NOTHING,
            )
        ],
    ),
    (
        "path of the client forwarded",
        [(r'"(balancer://rg_public_pages)/simple/\$2/"', r'"\1%{REQUEST_URI}"')],
    ),
    ("query forwarded", [("QSD,", "")], PLAIN),
    ("cookie passed", [(r"^ *RequestHeader unset Cookie\n", "")], PLAIN),
    (
        # a client's `Connection: Accept` alone changes nothing any more: the fetching host sets its own
        "accept of the client",
        [(r'^ *RequestHeader (?:set|append) Accept "[^\n]*" \\\n[^\n]*\n', "")],
        PLAIN,
    ),
    (
        "files of claims public",
        [
            (
                r'^ *RewriteRule \\\n *"\(\?x\)\^/(?:files/copy|files/public|packages)/[^"]*" \\\n[^\n]*\n'
                r'[^\n]*\[NC,R=404,L\]"\n',
                _NOTHING,
            )
        ],
    ),
    (
        "files of scanned names public",
        [(r'^( *RewriteCond "[^\n]*/state)/names/%1', r"\1/none/%1")],
    ),
    ("capitals in names of files", [(r"\$\{rg_lower:(%\{ENV:RG_STEMS\})\}", r"\1")]),
    ("first parts of a path only", [(r',N=10\]"', ']"')]),
    (
        "fallback before private",
        [(r'^( *RewriteRule "!\^/simple/\[a-z0-9\]\+[^\n]*\[S=\d+\]"\n)', rf"{_ASKED}\1")],
    ),
    ("everybody may read", [("Require valid-user", "Require all granted")], AUTH),
    (
        "files of claims public beside pages",
        [(r"\^/simple/\(\?:\.\*/\)\?", "^/nothing/(?:.*/)?")],
        BESIDE,
    ),
    ("quick handler on", [("CacheQuickHandler Off", "CacheQuickHandler On")]),
    (
        "one copy for all names",
        [(r"(/simple/-/pages/public/)\$1/(%\{ENV:RG_FORM\})", r"\1lumen/\2")],
    ),
    (
        "one copy for all codings",
        [(r"(/-/pages/public/\$1/%\{ENV:RG_FORM\}/)%\{ENV:RG_CODING\}", r"\1gzip")],
    ),
    ("private index not final", [(r"\(\?:wraktu\)\(\?:-\[\^/\]\*\)\?/", "(?:wraktux)/")]),
    ("exception forgotten", [(r"\(\?!\(\?:quxvo-oss\)/\)", "")]),
    ("owner mislabelled", [(r"E=RG_SOURCE:private/team\]", "E=RG_SOURCE:mirror/copy]")]),
    (
        "root marker not looked at",
        [(_rule(r'"[^\n]*/\.rewritegen-root" "!-f"', rule=_ANY), _NOTHING)],
        LOST_ROOT,
    ),
    (
        "state sentinel not looked at",
        [(_rule(r'"[^\n]*/~rewritegen-names" "!-f"', rule=_ANY), _NOTHING)],
        LOST_STATE,
    ),
)


def _without(condition: str) -> tuple[str, str]:
    """Take a rule out of nginx's location of the legacy JSON; those of claims and scanned names are as for pages."""
    before = r'location ~ "\^/pypi/\(\?<rg_name>(?:(?!    \}\n).*\n)*?'
    return f"({before}){_if(condition)[1:]}", r"\1"


_DOCUMENTS: tuple[tuple[Any, ...], ...] = (
    ("nginx", "documents not redirected", [(r"return 301 /pypi/\$rg_name/json", "return 404")]),
    (
        "nginx",
        "documents of ours at nowhere",
        [(r"(/pages/team/\$rg_name)/legacy\.json", r"\1/no")],
    ),
    (
        "nginx",
        "documents of a mirror for a new directory",
        [_without(r"-d [^\n]*(?<!pages)(?<!aliases)/house/\$rg_name")],
    ),
    (
        "nginx",
        "documents of another type",
        [("default_type application/json", "default_type text/html")],
    ),
    (
        "nginx",
        "documents though a root is lost",
        [_without(r"!-f [^\n]*/team/\.rewritegen-root")],
        LEGACY_LOST,
    ),
    (
        "nginx",
        "documents of claimed names asked for",
        [_without(r"\$rg_owned2_\w+")],
    ),
    (
        "nginx",
        "documents with the URLs of upstream",
        [(r"^ *sub_filter [^\n]*\n *http://packages\.[^\n]*\n", "")],
    ),
    (
        "apache",
        "documents of claimed names asked for",
        [(r'^( *RewriteRule "\^/pypi/\(\?!\(\?:quxvo-oss[^\n]*)\[R=404,L\]', r"\1[E=RG_X:1]")],
    ),
    (
        "apache",
        "documents with the URLs of upstream",
        [(r"^ *Substitute \\\n[^\n]*\|http://packages\.[^\n]*\n", "")],
    ),
    (
        "apache",
        "documents not redirected",
        [(r'^( *)RewriteRule "\^\(/pypi/[^\n]*\\\n[^\n]*$', r'\1RewriteRule "^x" "-"')],
    ),
    (
        "apache",
        "documents of ours at nowhere",
        [(r'(/pages/team/\$1)/legacy\.json(?:\.gz)?" "-f"', r'\1/no" "-f"')],
    ),
    ("apache", "documents of another type", [("T=application/json", "T=text/html")]),
    (
        "apache",
        "documents skip too many rules",
        [(r'^( *RewriteRule "!\^/pypi/[^\n]*)\[S=(\d)', r"\1[S=1\2")],
    ),
)

MUTANTS = (
    *(Mutant(name, "nginx", tuple(edits), *spec) for name, edits, *spec in _NGINX),
    *(Mutant(name, "apache", tuple(edits), *spec) for name, edits, *spec in _APACHE),
    *(
        Mutant(name, kind, tuple(edits), *(spec or [LEGACY]))
        for kind, name, edits, *spec in _DOCUMENTS
    ),
)

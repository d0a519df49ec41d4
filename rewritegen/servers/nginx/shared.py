"""The maps that are the same for every site.

Two sites in one nginx have them twice, which is harmless only as long as both say the same; so the end of their names
is made from what they say, and another version of rewritegen that says something else also calls them differently.
"""

from __future__ import annotations

import hashlib
from functools import cache

from rewritegen.representations import ACCEPT_GZIP, REPRESENTATIONS
from rewritegen.response_headers import POLICY
from rewritegen.servers.nginx.quoting import argument, comment, pattern, verbose_pattern
from rewritegen.servers.nginx.view import Map

__all__ = [
    "ACCEPT",
    "CODING",
    "FORM",
    "IF_RANGE",
    "MATCH",
    "OTHERS",
    "OURS",
    "RANGE",
    "SECOND",
    "SINCE",
    "THIRD",
    "WORDS",
    "shared_map",
    "variable",
]

FORM, SECOND, THIRD = "form", "second", "third"
ACCEPT, OTHERS = "accept", "others"
CODING = "coding"
OURS = "policy"
RANGE, IF_RANGE, MATCH, SINCE = "range", "tag", "match", "since"
WORDS = (OURS, FORM, SECOND, THIRD, ACCEPT, OTHERS, CODING, RANGE, IF_RANGE, MATCH, SINCE)

_INDENT = "    "
_TAG = '^(?:W/)?"[!-~]{0,200}"$'
_DATE = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$"


def variable(word: str) -> str:
    """Return the variable of one of the maps."""
    return f"$rg_{word}_{_suffix()}"


def shared_map(word: str) -> Map:
    """Return one of the maps."""
    return _maps(_suffix())[word]


@cache
def _suffix() -> str:
    return hashlib.sha256(repr(_maps("")).encode()).hexdigest()[:4]


def _maps(suffix: str) -> dict[str, Map]:
    def end(word: str) -> str:
        return f"$rg_{word}_{suffix}"

    default = REPRESENTATIONS[-1]
    others = REPRESENTATIONS[:-1]
    accepted = [one.upstream_accept.partition(",") for one in others]
    wanted = (f"{verbose_pattern((one.accept,), '~*', _INDENT, 9)} {one.suffix}" for one in others)
    ranges = f"{pattern('^bytes=[0-9, -]{1,100}$', '~')} $http_range"
    tags = (f"{pattern(regex, '~')} $http_if_range" for regex in (_TAG, _DATE))
    return {
        OURS: Map(
            comment(
                "What a page may do in a browser: nothing by itself. Links work, scripts do not"
            ),
            '""',
            end(OURS),
            (f"default\n        {argument(POLICY)}",),
        ),
        FORM: Map(
            comment("Accept to the page that is wanted (PEP 691)"),
            "$http_accept",
            end(FORM),
            (f"default {default.suffix}", *wanted),
        ),
        **{
            word: Map(
                comment(f"the {word} choice, for trees that do not have every kind of page"),
                end(FORM),
                end(word),
                (
                    f"default {default.order[position]}",
                    *(f"{one.suffix} {one.order[position]}" for one in others),
                ),
            )
            for position, word in ((1, SECOND), (2, THIRD))
        },
        ACCEPT: Map(
            comment("What an upstream is asked for: one Accept for each page, never the client's"),
            end(FORM),
            end(ACCEPT),
            (
                f"default {default.upstream_accept}",
                *(f"{one.suffix} {a[0]}" for one, a in zip(others, accepted, strict=True)),
            ),
        ),
        OTHERS: Map(
            comment("... and its second part, because the whole is longer than a line"),
            end(FORM),
            end(OTHERS),
            (
                'default ""',
                *(f'{one.suffix} "{a[1]}{a[2]}"' for one, a in zip(others, accepted, strict=True)),
            ),
        ),
        CODING: Map(
            comment("Accept-Encoding to the coding of a page (RFC 9110, 12.5.3)"),
            "$http_accept_encoding",
            end(CODING),
            ("default identity", f"{pattern(ACCEPT_GZIP, '~*')} gzip"),
        ),
        RANGE: Map(
            comment("Conditions go to an upstream if they look like that, else not at all"),
            "$http_range",
            end(RANGE),
            ('default ""', ranges),
        ),
        IF_RANGE: Map((), "$http_if_range", end(IF_RANGE), ('default ""', *tags)),
        MATCH: Map(
            (),
            "$http_if_none_match",
            end(MATCH),
            ('default ""', f"{pattern(_TAG, '~')} $http_if_none_match"),
        ),
        SINCE: Map(
            (),
            "$http_if_modified_since",
            end(SINCE),
            ('default ""', f"{pattern(_DATE, '~')} $http_if_modified_since"),
        ),
    }

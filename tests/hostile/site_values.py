"""Values that have meant something else somewhere, and where they can be put into a site file.

The fields are those of the JSON Schema, so that a new one cannot be forgotten: :func:`fields` finds every place of the
schema that a value can stand in, and a test holds that the site of these tests has each of them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rewritegen.schema import schema
from rewritegen.sources import FALLBACKS, PRIVATE_SOURCES

__all__ = ["PLACEMENTS", "VALUES", "WAYS", "field_of", "fields", "leaves", "put", "site"]

#: The ways of `auth`, of which a site has one.
WAYS = ("basic", "certificates", "request")

VALUES = {
    "quote": '"',
    "two quotes": '""',
    "apostrophe": "'",
    "backtick": "`x`",
    "nginx directive": '"; return 200 x; #',
    "nginx block": "; } server { listen 1; }",
    "nginx bare directive": ";return 444;",
    "httpd section": "</VirtualHost>",
    "httpd section in quotes": '">\n</Directory>\n<Directory "/',
    "httpd directive": "\nInclude /etc/passwd",
    "dollar": "$",
    "dollar at a word": "$host",
    "dollar in braces": "${x}",
    "environment": "${HOME}",
    "group": "$1",
    "map": "${lower:x}",
    "backslash": "\\",
    "two backslashes": "\\\\",
    "backslash quote": '\\"',
    "backslash n": "\\n",
    "backslash dollar": "\\$x",
    "line feed": "\n",
    "carriage return": "\r",
    "both": "\r\nx",
    "nul": "\0",
    "tab": "\t",
    "escape": "\x1b[31m",
    "delete": "\x7f",
    "next line": "\x85",
    "percent": "%",
    "percent one": "%1",
    "percent variable": "%{ENV:HOME}",
    "percent header": "%{HTTP:Host}",
    "percent encoded": "%2e%2e%2f",
    "percent format": "%n%s",
    "hash": "#",
    "blank hash": " #x",
    "semicolon": ";",
    "blank": " ",
    "blanks": "  x  ",
    "no-break blank": "\u00a0",
    "colon": ": x",
    "comma": ", x",
    "braces": "{}",
    "opening brace": "{",
    "closing brace": "}",
    "brackets": "[a]",
    "opening bracket": "[",
    "parentheses": "(a)",
    "opening parenthesis": "(",
    "less": "<",
    "greater": ">",
    "dash": "-",
    "option": "-f",
    "blank option": " -DEVIL",
    "asterisk": "*",
    "question mark": "?",
    "pipe": "|",
    "pipe program": "|/bin/sh",
    "ampersand": "&",
    "caret": "^",
    "plus": "+",
    "exclamation mark": "!",
    "equals": "=x",
    "tilde": "~",
    "at": "@",
    "dots": "..",
    "climb": "/../../etc/passwd",
    "climb inside": "/./../x",
    "two slashes": "//x",
    "umlaut": "\u00e4",
    "decomposed": "a\u0308",
    "look-alike": "\u0430",
    "full width": "\uff0f\uff02",
    "kelvin": "\u212a",
    "right to left": "\u202ecod.exe",
    "isolate": "\u2067x",
    "zero width": "\u200b",
    "joiner": "\u200d",
    "line separator": "\u2028x",
    "byte order mark": "\ufeff",
    "not a character": "\uffff",
    "beyond": "\U0001f4a9",
    "tag": "\U000e0041",
    "long": "y" * 190,
    "long path": ("/" + "z" * 99) * 8,
    "very long": "x" * 5000,
    "word of a map": "default",
    "yaml word": "null",
}

#: How a value is put into a harmless one.
PLACEMENTS = {
    "alone": "{value}",
    "at the end": "{harmless}{value}",
    "inside": "{front}{value}{last}",
    "at the beginning": "{value}{harmless}",
}

_MARKS = {model.__name__: model.mark for model in (*PRIVATE_SOURCES, *FALLBACKS)}


def fields() -> set[str]:
    """Every place of the schema that a single value can stand in: ``private[path].claims[]``."""
    whole = schema()
    return set(_fields(whole, whole["$defs"], ""))


def _fields(part: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[str]:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        marked = f"{path.removesuffix('[]')}[{_MARKS[name]}]" if name in _MARKS else path
        yield from _fields(known[name], known, marked)
    elif "properties" in part:
        for name, inner in part["properties"].items():
            yield from _fields(inner, known, f"{path}.{name}".lstrip("."))
    elif part.get("type") == "array":
        yield from _fields(part["items"], known, f"{path}[]")
    elif "oneOf" in part:
        for variant in part["oneOf"]:
            yield from _fields(variant, known, path)
    else:
        yield path


def site(root: Path, way: str = "basic") -> dict[str, Any]:
    """A site with every field, but for the other ways of `auth`; its paths are below a directory."""
    auth = {
        "basic": {"basic": f"{root}/auth/passwords", "realm": "packages"},
        "certificates": {"certificates": f"{root}/auth/team.pem"},
        "request": {"request": "http://127.0.0.1:9091/auth"},
    }
    limits = {"connect": "2s", "read": "15s", "retry": "10s"}
    return {
        "server_name": "packages.example.org",
        "listen": ["127.0.0.1:8443"],
        "tls": {"certificate": f"{root}/tls/site.pem", "key": f"{root}/tls/site.key"},
        "index": "/simple/",
        "state": f"{root}/state/here",
        "private": [
            {
                "name": "team",
                "path": f"{root}/team/here",
                "layout": "projects",
                "listing": "pages",
                "claims": ["acme-*", "secret-tool"],
            },
            {
                "name": "eggs",
                "proxy": "http://127.0.0.1:8888/eggs/",
                "kind": "simple",
                "files": ["http://127.0.0.1:8889/"],
                "spelled": ["Egg.Tool.Of.Ours"],
                "empty": "250+2n",
                "claims": ["egg-*"],
                **limits,
            },
            {
                "name": "ready",
                "path": f"{root}/ready",
                "layout": "static",
                "base_url": "http://127.0.0.5/ready/",
            },
        ],
        "public": ["acme-oss"],
        "fallbacks": [
            {
                "name": "copy",
                "mirror": f"{root}/mirror/here",
                "layout": "bandersnatch",
                "base_url": "https://127.0.0.6/",
            },
            {
                "name": "up",
                "proxy": "https://127.0.0.1/simple/",
                "kind": "pypi",
                "files": ["https://127.0.0.2/"],
                "spelled": ["Zope.Interface"],
                "empty": 86,
                **limits,
            },
            {"name": "well-known", "proxy": "pypi"},
            {"name": "away", "redirect": "https://last.example.org/simple/"},
        ],
        "cache": {
            "path": f"{root}/cache/here",
            "size": "20g",
            "pages": "10m",
            "files": "365d",
            "stale": "30d",
        },
        "resolver": ["127.0.0.53"],
        "inner": "127.0.0.1:8179",
        "offline": False,
        "legacy_json": True,
        "pypi": {"index": "https://127.0.0.3/simple/", "files": ["https://127.0.0.4/"]},
        "ca": f"{root}/tls/ca.pem",
        "auth": auth[way],
        "lint": {
            "ignore": [{"code": "RG002", "reason": "by the VPN only", "about": "fallbacks[1]"}]
        },
    }


def leaves(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value with its YAML path, such as ``private[0].claims[1]``."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    elif isinstance(settings, list):
        for number, value in enumerate(settings):
            yield from leaves(value, f"{path}[{number}]")
    else:
        yield path, settings


def put(settings: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with other values at these paths."""
    changed = copy.deepcopy(settings)
    for path, value in values.items():
        *steps, last = re.findall(r"[a-z_]+|\d+", path)
        at: Any = changed
        for step in steps:
            at = at[int(step)] if step.isdigit() else at[step]
        at[int(last) if last.isdigit() else last] = value
    return changed


def field_of(settings: dict[str, Any], path: str) -> str:
    """The place of the schema that a YAML path is: ``private[0].path`` is ``private[path].path``."""
    found = re.fullmatch(r"(private|fallbacks)\[(\d+)\](.*)", path)
    if not found:
        return re.sub(r"\[\d+\]", "[]", path)
    where, number, rest = found.groups()
    (mark,) = {"path", "mirror", "proxy", "redirect"} & settings[where][int(number)].keys()
    return f"{where}[{mark}]" + re.sub(r"\[\d+\]", "[]", rest)

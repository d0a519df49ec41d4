"""Rules that look at the text of nginx: what would be generated now, or what `--text` names.

The generated text passes all of them, which a test holds; they are for text that people have changed, and for ours
when we change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewritegen.lint.context import Context, Text
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.lint.statements import Statement, found_at, is_anchored, nginx_statements

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}


def _nginx(context: Context) -> Iterator[tuple[Text, Statement]]:
    for text in context.texts_of("nginx"):
        for statement in nginx_statements(text.text):
            yield text, statement


@rule(
    RULES,
    "RG062",
    "warning",
    "text",
    reason="an unnamed group fills $1, which a map that is evaluated later overwrites; groups in a map can be used to "
    "read memory (CVE-2026-42533)",
    fix="write `(?:...)`, or `(?<rg_name>...)` outside of a map",
)
def unnamed_group(context: Context) -> Iterator[Found]:
    """nginx: a pattern has a group without a name."""
    for text, statement in _nginx(context):
        for word in _patterns(statement):
            bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", word)
            if re.search(r"\((?!\?)", bare):
                yield found_at(text, statement, "a group of this pattern has no name")
                break


@rule(
    RULES,
    "RG063",
    "warning",
    "text",
    reason="without a default a map gives the empty string, and a path with an empty part is another path",
    fix="write `default` with a value that no request can use",
)
def map_without_default(context: Context) -> Iterator[Found]:
    """nginx: a map has no default."""
    for text in context.texts_of("nginx"):
        statements = list(nginx_statements(text.text))
        with_default = {
            one.inside[-1] for one in statements if one.inside and one.name == "default"
        }
        for statement in statements:
            if statement.name == "map" and str(statement) not in with_default:
                yield found_at(text, statement, "this map has no default")


@rule(
    RULES,
    "RG064",
    "error",
    "text",
    reason="$uri is decoded: `%2e%2e%2f` is a path by then, and a private name passes in a spelling that no rule saw",
    fix="send the validated canonical name, such as `$rg_name`",
)
def raw_uri(context: Context) -> Iterator[Found]:
    """nginx: the URL of a client is passed on as nginx decoded it."""
    for text, statement in _nginx(context):
        if statement.name == "proxy_pass" and re.search(r"\$(?:document_)?uri\b", str(statement)):
            yield found_at(text, statement, "an upstream is asked for what the client wrote")


@rule(
    RULES,
    "RG065",
    "error",
    "text",
    reason="nginx verifies no certificate by default: whoever sits in between can be the upstream",
    fix="write `proxy_ssl_verify on` and `proxy_ssl_server_name on` in the server or location",
)
def not_verified(context: Context) -> Iterator[Found]:
    """nginx: an upstream is asked over https, and its certificate is not verified."""
    for text in context.texts_of("nginx"):
        statements = list(nginx_statements(text.text))
        switched: dict[tuple[str, ...], str] = {}
        for one in statements:
            if one.name == "proxy_ssl_verify":
                switched[one.inside] = one.words[-1]
        for one in statements:
            if one.name == "proxy_pass" and one.words[-1].startswith("https://"):
                around = (one.inside[:end] for end in range(len(one.inside), -1, -1))
                said = next((switched[at] for at in around if at in switched), "off")
                if said != "on":
                    yield found_at(text, one, "the certificate of this upstream is not verified")


@rule(
    RULES,
    "RG067",
    "warning",
    "text",
    reason="nginx takes either all headers of the level above or none: an answer without X-Index-Source says nobody "
    "where it came from, and one without Vary is kept for the wrong clients",
    fix="write the whole set in each location",
)
def headers_differ(context: Context) -> Iterator[Found]:
    """nginx: a location sets headers, and X-Index-Source is not among them."""
    for text in context.texts_of("nginx"):
        sets: dict[tuple[str, ...], list[Statement]] = {}
        for statement in nginx_statements(text.text):
            if statement.name == "add_header" and any(
                "location" in one for one in statement.inside
            ):
                sets.setdefault(statement.inside, []).append(statement)
        for headers in sets.values():
            names = {one.words[1].lower() for one in headers}
            # what the servers say to each other that are asked by the site only
            inner = {"cache-control", "x-accel-redirect"}
            if "x-index-source" not in names and not names <= inner:
                yield found_at(
                    text, headers[0], "the other headers are set here, and X-Index-Source is not"
                )


@rule(
    RULES,
    "RG066",
    "error",
    "text",
    reason="a pattern that begins anywhere matches requests that are not meant, also such with a private name in them",
    fix="begin it with `^`",
)
def notis_anchored(context: Context) -> Iterator[Found]:
    """nginx: a pattern that chooses requests is not anchored."""
    for text, statement in _nginx(context):
        chooses = statement.name == "location" and statement.words[1] in {"~", "~*"}
        if chooses and not is_anchored(statement.words[2]):
            yield found_at(text, statement, "this location matches in the middle of a URL")


@rule(
    RULES,
    "RG068",
    "warning",
    "text",
    reason="without `=` the answer of the page that is shown has the status of the error that led there, and nginx "
    "looks no further when that page fails",
    fix="write `error_page 502 = /place`",
)
def status_of_the_error(context: Context) -> Iterator[Found]:
    """nginx: an error page answers with the status of the error."""
    for text, statement in _nginx(context):
        kept = not any(word.startswith("=") for word in statement.words)
        if statement.name == "error_page" and kept:
            yield found_at(
                text, statement, "the status of the error stays, whatever this page answers"
            )


@rule(
    RULES,
    "RG069",
    "error",
    "text",
    reason="nginx does not start: these belong to the http level, and a part of a virtual host is read inside a server",
    fix="move it into the other file of `--scope locations`, SERVER_NAME.http.conf",
)
def http_level(context: Context) -> Iterator[Found]:
    """nginx: a directive of the http level stands in a part of a virtual host."""
    for text, statement in _nginx(context):
        part = text.name.endswith(".locations.conf") and not statement.inside
        if part and statement.name in {
            "map",
            "upstream",
            "log_format",
            "proxy_cache_path",
            "server",
        }:
            yield found_at(text, statement, f"{statement.name} belongs to the http level")


def _patterns(statement: Statement) -> Iterator[str]:
    """Yield the regular expressions of a statement of nginx."""
    match statement.words:
        case ("location", "~" | "~*", pattern):
            yield pattern
        case ("rewrite", pattern, *_):
            yield pattern
        case ("if", _, "~" | "~*" | "!~" | "!~*", pattern, *_):
            # the parenthesis of the condition is a word of its own behind quotes
            yield pattern if statement.words[-1] == ")" else pattern.removesuffix(")")
        case (key, _) if statement.inside and statement.inside[-1].startswith("map "):
            if key.startswith("~"):
                yield key.lstrip("~*")

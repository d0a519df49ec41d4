"""Rules that look at the text of either server: what would be generated now, or what `--text` names.

The generated text passes all of them, which a test holds; they are for text that people have changed, and for ours
when we change it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import permutations

from rewritegen.lint.context import Context, Text
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.lint.statements import Statement, apache_statements, nginx_statements
from rewritegen.servers import server
from rewritegen.servers.base import FINGERPRINT_PLACE, Scope

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}

_SCOPES: tuple[Scope, ...] = ("vhost", "standalone", "locations")


def _nginx(context: Context) -> Iterator[tuple[Text, Statement]]:
    for text in context.texts_of("nginx"):
        for statement in nginx_statements(text.text):
            yield text, statement


def _apache(context: Context) -> Iterator[tuple[Text, Statement]]:
    for text in context.texts_of("apache"):
        for statement in apache_statements(text.text):
            yield text, statement


def _found(text: Text, statement: Statement, message: str) -> Found:
    came = str(statement)
    return Found(message, "", f"{text.name}:{statement.line}", came[:200])


def fingerprint_in(text: str) -> str | None:
    """Return the fingerprint in the header of a generated text."""
    match = re.search(r"^# Fingerprint: ([0-9a-f]{64})$", text[:8000], re.MULTILINE)
    return match[1] if match else None


@rule(
    RULES,
    "RG060",
    "warning",
    "text",
    reason="a change by hand is lost when the text is written again, and is not tested by anybody",
    fix="change the site file, and write the text again",
)
def changed_by_hand(context: Context) -> Iterator[Found]:
    """A generated text has been changed by hand."""
    sealed: dict[str, list[Text]] = {}
    for text in context.texts:
        said = fingerprint_in(text.text)
        if said is not None:
            sealed.setdefault(said, []).append(text)
    for said, texts in sealed.items():
        # files that were written together have one fingerprint, in the order in which they are written
        if said not in {_digest(order, said) for order in permutations(texts)}:
            names = " and ".join(text.name for text in texts)
            message = (
                f"{names}: not the text that the fingerprint was made of, or not all of its files"
            )
            yield Found(message, "", names)


def _digest(texts: Iterable[Text], said: str) -> str:
    """Return the fingerprint that these texts prove, as :func:`rewritegen.servers.base.seal` makes it."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text.name}\0{text.text.replace(said, FINGERPRINT_PLACE)}\0".encode())
    return digest.hexdigest()


@rule(
    RULES,
    "RG061",
    "warning",
    "text",
    reason="the server does what this text says, and not what the site file says",
    fix="write it again with `rewritegen generate`, and reload the server",
)
def of_another_site(context: Context) -> Iterator[Found]:
    """An installed text is not what this site file gives."""
    wanted: dict[str, set[str]] = {}
    for text in context.texts:
        said = fingerprint_in(text.text)
        if not text.installed or said is None:
            continue
        if text.server not in wanted:
            program = server(text.server)
            wanted[text.server] = {
                program.render(context.plan, scope, program.baseline).fingerprint
                for scope in _SCOPES
                if not program.refusals(context.plan, scope, program.baseline)
            }
        if said not in wanted[text.server]:
            message = f"{text.name} was made from another site file, version or --binary"
            yield Found(message, "", text.name, said)


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
                yield _found(text, statement, "a group of this pattern has no name")
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
                yield _found(text, statement, "this map has no default")


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
            yield _found(text, statement, "an upstream is asked for what the client wrote")


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
                    yield _found(text, one, "the certificate of this upstream is not verified")


@rule(
    RULES,
    "RG066",
    "error",
    "text",
    reason="a pattern that begins anywhere matches requests that are not meant, also such with a private name in them",
    fix="begin it with `^`",
)
def not_anchored(context: Context) -> Iterator[Found]:
    """A pattern that chooses requests is not anchored."""
    for text, statement in _nginx(context):
        chooses = statement.name == "location" and statement.words[1] in {"~", "~*"}
        if chooses and not _anchored(statement.words[2]):
            yield _found(text, statement, "this location matches in the middle of a URL")
    for text, statement in _apache(context):
        if statement.name in {"<LocationMatch", "<DirectoryMatch"} and not _anchored(
            statement.words[1].removesuffix(">")
        ):
            yield _found(text, statement, "this section matches in the middle of a URL")


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
                yield _found(
                    text, headers[0], "the other headers are set here, and X-Index-Source is not"
                )


@rule(
    RULES,
    "RG070",
    "error",
    "text",
    reason="a substitution that begins with a variable can be led to any file or handler (CVE-2024-38475); since "
    "2.4.60 httpd refuses some of them",
    fix="begin it with a literal path",
)
def variable_first(context: Context) -> Iterator[Found]:
    """Apache: a substitution begins with a variable."""
    for text, statement in _apache(context):
        if statement.name == "RewriteRule" and re.match(r"[$%]", statement.words[2]):
            yield _found(text, statement, "the client chooses how this substitution begins")


@rule(
    RULES,
    "RG071",
    "error",
    "text",
    reason="in 2.4.64 every condition with `expr` is true (CVE-2025-54090)",
    fix='compare variables, as in `RewriteCond "%{REQUEST_METHOD}" "!^GET$"`',
)
def condition_with_expr(context: Context) -> Iterator[Found]:
    """Apache: a condition of a rewrite rule is an expression."""
    for text, statement in _apache(context):
        if statement.name == "RewriteCond" and statement.words[1].lower() == "expr":
            yield _found(text, statement, "this condition is always true in one version of httpd")


@rule(
    RULES,
    "RG072",
    "error",
    "text",
    reason="what they match is passed on as the client wrote it, before any rule of the index has seen it",
    fix="let the rules decide, and pass on what they made",
)
def passes_everything(context: Context) -> Iterator[Found]:
    """Apache: requests are passed on by a pattern, or for all of the host."""
    for text, statement in _apache(context):
        whole = statement.name == "ProxyPass" and statement.words[1:2] == ("/",)
        if (statement.name == "ProxyPassMatch" or whole) and statement.words[-1] != "!":
            yield _found(text, statement, "requests go to an upstream without a decision")


@rule(
    RULES,
    "RG073",
    "error",
    "text",
    reason="`UnsafeAllow3F` and `UnsafePrefixStat` switch off a defence of httpd; `B` encodes again what was decoded, "
    "so that a private name passes in another spelling; `LA-U` asks all modules about a URL that nobody decided on",
    fix="remove the flag",
)
def unsafe_flag(context: Context) -> Iterator[Found]:
    """Apache: a rule has a flag that undoes a defence."""
    for text, statement in _apache(context):
        if statement.name == "RewriteRule" and len(statement.words) > 3:
            flags = {
                flag.strip().partition("=")[0] for flag in statement.words[3].strip("[]").split(",")
            }
            if flags & {"UnsafeAllow3F", "UnsafePrefixStat", "B"}:
                yield _found(text, statement, "this flag undoes a defence")
        if statement.name == "RewriteCond" and "%{LA-U:" in statement.words[1]:
            yield _found(text, statement, "this condition looks ahead")


@rule(
    RULES,
    "RG074",
    "error",
    "text",
    reason="it answers before the rules: a name that is private by now is answered from the copy of the public page",
    fix="write `CacheQuickHandler Off`",
)
def quick_handler(context: Context) -> Iterator[Found]:
    """Apache: the cache answers before it is known who owns a name."""
    for text in context.texts_of("apache"):
        statements = list(apache_statements(text.text))
        off = any(
            one.name == "CacheQuickHandler" and one.words[1].lower() == "off" for one in statements
        )
        enables = [one for one in statements if one.name == "CacheEnable"]
        if enables and not off:
            yield _found(text, enables[0], "the quick handler is on, which is httpd's default")


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


def _anchored(pattern: str) -> bool:
    return re.sub(r"^\(\?[a-z]+\)\s*", "", pattern.strip()).startswith("^")

"""Rules that look at the text of httpd: what would be generated now, or what `--text` names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewritegen.lint.context import Context, Text
from rewritegen.lint.rule import Found, Rule, rule
from rewritegen.lint.statements import Statement, apache_statements, found_at, is_anchored

__all__ = ["RULES"]

RULES: dict[str, Rule] = {}


def _apache(context: Context) -> Iterator[tuple[Text, Statement]]:
    for text in context.texts_of("apache"):
        for statement in apache_statements(text.text):
            yield text, statement


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
            yield found_at(text, statement, "the client chooses how this substitution begins")


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
            yield found_at(text, statement, "this condition is always true in one version of httpd")


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
            yield found_at(text, statement, "requests go to an upstream without a decision")


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
                yield found_at(text, statement, "this flag undoes a defence")
        if statement.name == "RewriteCond" and "%{LA-U:" in statement.words[1]:
            yield found_at(text, statement, "this condition looks ahead")


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
            yield found_at(text, enables[0], "the quick handler is on, which is httpd's default")


@rule(
    RULES,
    "RG075",
    "error",
    "text",
    reason="`%2F` is outside the grammar: with it a name and a part of a path look alike, and servers behind decode it",
    fix="remove it: httpd answers 404 to such a URL by default",
)
def encoded_slashes(context: Context) -> Iterator[Found]:
    """Apache: encoded slashes are let through."""
    for text, statement in _apache(context):
        if statement.name == "AllowEncodedSlashes" and statement.words[1].lower() != "off":
            yield found_at(text, statement, "`%2F` comes through")


@rule(
    RULES,
    "RG076",
    "error",
    "text",
    reason="a section that matches in the middle of a URL holds for requests that are not meant",
    fix="begin the pattern with `^`",
)
def section_not_anchored(context: Context) -> Iterator[Found]:
    """Apache: the pattern of a section is not anchored."""
    for text, statement in _apache(context):
        if statement.name in {"<LocationMatch", "<DirectoryMatch"} and not is_anchored(
            statement.words[1].removesuffix(">")
        ):
            yield found_at(text, statement, "this section matches in the middle of a URL")

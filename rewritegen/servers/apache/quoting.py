"""Values to httpd syntax, one function for each place where a value can stand.

httpd has no one way to quote. A directive argument knows ``\\"`` and ``\\\\``; the arguments of RewriteCond and
RewriteRule know no escaped quote at all, and expand ``$1``, ``%1`` and ``%{NAME}``; ``<Directory>`` takes wildcards;
and ``${NAME}`` is replaced on every line, by a variable of the server's environment too, with no way to write it
literally. What a place cannot hold is refused (RG701): a path that means another path is worse than none.

Sources: httpd's "Configuration files" (syntax), mod_rewrite (RewriteCond, RewriteRule), core (Directory, Define).
"""

from __future__ import annotations

from typing import NoReturn

from rewritegen.diagnostics import Problem, RewritegenError, quoted, visible

__all__ = [
    "argument",
    "comment",
    "directory",
    "expression",
    "regex",
    "substitution",
    "test_string",
]

#: A longer value is a mistake; httpd itself copies file names into buffers of this size.
_MAX = 4096
_REGEX_SPECIAL = frozenset(r"\.^$*+?{}[]()|#")


def argument(value: str, key: str) -> str:
    """Return a value as one argument of an ordinary directive, with its quotes.

    :param key: the YAML key that the value came from, for the message.
    :raises RewritegenError: RG701.
    """
    _check(value, key)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def directory(value: str, key: str) -> str:
    """Return a path as the argument of ``<Directory>``; wildcards have no literal spelling there.

    :raises RewritegenError: RG701.
    """
    for character in "*?[]\\":
        if character in value:
            _refuse(value, key, f"`{character}` is a wildcard in <Directory>")
    return argument(value, key)


def expression(value: str, key: str) -> str:
    """Return a value as literal text in a string that httpd evaluates (ErrorDocument, Redirect), without quotes.

    :raises RewritegenError: RG701.
    """
    _check(value, key)
    for character in '"\\%':
        if character in value:
            _refuse(value, key, f"`{character}` is syntax in an expression")
    return value


def test_string(value: str, key: str) -> str:
    """Return a value as literal text in the test string of a RewriteCond, without quotes.

    :raises RewritegenError: RG701.
    """
    _check(value, key)
    if '"' in value:
        _refuse(value, key, "mod_rewrite has no escaped quotation mark")
    for character in "\\$%":
        value = value.replace(character, f"\\{character}")
    return value


def substitution(value: str, key: str) -> str:
    """Return a path as literal text in the substitution of a RewriteRule, without quotes.

    :raises RewritegenError: RG701.
    """
    if "?" in value:
        _refuse(value, key, "a question mark begins the query there")
    return test_string(value, key)


def regex(value: str) -> str:
    """Return a value as a regular expression that matches it literally, without quotes."""
    return "".join(
        f"\\{character}" if character in _REGEX_SPECIAL else character for character in value
    )


def comment(text: str) -> str:
    """Return a text that cannot end the comment line it stands on, nor continue it on the next."""
    return visible(text).rstrip("\\ ")


def _check(value: str, key: str) -> None:
    if not value.isprintable():
        _refuse(value, key, "it holds a character that cannot be seen")
    if "${" in value:
        _refuse(value, key, "httpd replaces `${...}` on every line")
    if len(value) > _MAX:
        _refuse(value, key, f"it is longer than {_MAX} characters")


def _refuse(value: str, key: str, reason: str) -> NoReturn:
    message = f"httpd cannot be given {quoted(value)}: {reason}"
    help_text = "use another path, perhaps a symbolic link with a plain name"
    raise RewritegenError([Problem("RG701", message, None, help_text, key=key)])

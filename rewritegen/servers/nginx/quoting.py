"""The one place where values become nginx text.

nginx knows no escape for ``$``, so a value that holds one is refused; the trick with a ``geo`` variable that holds a
dollar would work, but a path that needs it is a mistake more often than a wish. Sources: nginx's own tokenizer
(``ngx_conf_read_token``: inside double quotes a backslash before a quote, a backslash, t, r or n is an escape, every
other backslash stays; a token is at most 4096 bytes) and the documentation of ``map`` (special words).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rewritegen.diagnostics import RewritegenError, quoted
from rewritegen.servers.nginx.problems import problem

__all__ = [
    "WIDTH",
    "argument",
    "comment",
    "map_key",
    "pattern",
    "sentence",
    "value",
    "verbose_pattern",
]

#: Columns of the generated text.
WIDTH = 100

#: What fits into nginx's buffer for one token, with room for quotes and for the name that nginx adds to a path.
MAX_BYTES = 3000

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=~$-]+")
_MAP_WORDS = frozenset({"default", "hostnames", "include", "volatile"})
_QUANTIFIER = r"(?:[*+?]|\{[0-9,]+\})?"
_TOKEN = re.compile(
    rf"\((?:\?(?:[:=!]|P?<\w+>|[a-z]+:))?|\){_QUANTIFIER}|\[\^?\]?(?:\\.|[^\]\\])*\]{_QUANTIFIER}"
    rf"|\\.{_QUANTIFIER}|[\w/]+(?![*+?{{])|.{_QUANTIFIER}"
)


def value(text: str, key: str) -> str:
    """Return a value of the site as it stands inside an argument; :func:`argument` puts quotes around the whole.

    :param key: the YAML key that the value came from.
    :raises RewritegenError: RG601 when nginx has no way to write it.
    """
    bad = next(
        (character for character in text if character == "$" or not character.isprintable()), None
    )
    if bad is not None:
        reason = (
            "nginx takes `$` as the beginning of a variable"
            if bad == "$"
            else "a control character"
        )
        raise _refused(
            text,
            key,
            f"{quoted(bad)} in it cannot be written ({reason})",
            "use a path or name without it",
        )
    if len(text.encode()) > MAX_BYTES:
        raise _refused(
            text, key, "it is too long for an argument", f"nginx reads {MAX_BYTES} bytes, use fewer"
        )
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _refused(text: str, key: str, message: str, help: str) -> RewritegenError:
    what = f"nginx cannot be given {quoted(text)}: {message}"
    return RewritegenError([problem("RG601", what, help, key)])


def argument(inner: str) -> str:
    """Return an argument, in quotes when it needs them; ``inner`` is made of :func:`value` and our own variables."""
    return inner if _PLAIN.fullmatch(inner) else f'"{inner}"'


def sentence(text: str) -> str:
    """Return a plain text body of ours: one line."""
    return f'"{text}\\n"'


def map_key(name: str) -> str:
    """Return a canonical name as a key of a ``map``, where a few words have a meaning of their own."""
    return f"\\{name}" if name in _MAP_WORDS else name


def pattern(regex: str, operator: str = "") -> str:
    """Return a regular expression as a quoted argument.

    Backslashes stay as they are: nginx removes only those before quotes, backslashes, t, r and n.

    :raises ValueError: for a pattern that would change its meaning. It is one of ours: no pattern holds a value of a
        user that the site model has not restricted to harmless characters.
    """
    if re.search(r"\\[\"'\\trn]", regex):
        raise ValueError(f"nginx would read another pattern: {regex}")
    return '"' + operator + regex.replace('"', '\\"') + '"'


def verbose_pattern(parts: tuple[str, ...], operator: str, indent: str, around: int = 0) -> str:
    """Return the same for a pattern in parts, broken into lines when it is too long for one.

    :param indent: blanks before the line; ``around``: columns that stand before and behind the pattern in it.

    Each part begins a line then; PCRE's ``(?x)`` ignores the white space between them.

    :raises ValueError: for a pattern that holds ``#`` or white space other than as ``[ ]``.
    """
    whole = pattern("".join(parts), operator)
    if len(indent) + len(whole) + around <= WIDTH:
        return whole
    lines: list[str] = []
    for part in parts:
        if re.search(r"[#\s]", part.replace("[ ]", "")):
            raise ValueError(f"white space and comments have no meaning in (?x): {part}")
        lines.extend(_broken(part, WIDTH - len(indent) - 8))
    return pattern(f"{operator}(?x)" + "".join(f"\n{indent}    {line}" for line in lines))


def _broken(regex: str, width: int) -> Iterator[str]:
    """Break a pattern into lines between its tokens, where the nesting is least deep."""
    line: list[tuple[int, str]] = []
    length = 0
    for rank, token in _tokens(regex):
        if len(line) > 1 and length + len(token) > width:
            at = _best_break(line)
            yield "".join(text for _, text in line[:at])
            line = line[at:]
            length = sum(len(text) for _, text in line)
        line.append((rank, token))
        length += len(token)
    yield "".join(text for _, text in line)


def _best_break(line: list[tuple[int, str]]) -> int:
    """Return where to break a line: before its last token of the least rank."""
    least = min(rank for rank, _ in line[1:])
    return max(at for at, (rank, _) in enumerate(line) if at and rank == least)


def _tokens(regex: str) -> Iterator[tuple[int, str]]:
    """Split a pattern into words, classes, brackets and the like, each with its quantifier and a rank.

    The rank says how bad a line break before the token is: it grows with the nesting, and a branch is the best place.
    """
    depth = 0
    for match in _TOKEN.finditer(regex):
        part = match[0]
        depth -= part.startswith(")")
        yield 2 * depth - (part == "|"), part
        depth += part.startswith("(")


def comment(text: str, indent: str = "", hanging: str = "", lead: str = "") -> tuple[str, ...]:
    """Return comment lines within the width, in ASCII, whatever the values in them hold.

    :param indent: blanks before the `#`.
    :param lead: blanks behind it; ``hanging``: more blanks behind it from the second line on.
    """
    from textwrap import wrap

    visible = "".join(character if character.isprintable() else " " for character in text)
    ascii_text = visible.encode("ascii", "backslashreplace").decode()
    first = f"{indent}# {lead}"
    lines = wrap(
        ascii_text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return tuple(lines)

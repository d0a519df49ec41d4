"""Problems as data, and the one place that turns them into text.

The library raises :class:`RewritegenError` with every problem of a run; only the command line prints. A problem names
its place in the file, says what is wrong in lower case without a full stop, and always says what to write instead.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CODES",
    "Place",
    "Problem",
    "RewritegenError",
    "SiteError",
    "quoted",
    "render",
    "suggestion",
    "visible",
]

#: Every code of a site file and why it is a problem at all. Codes are stable: a code is never given another meaning.
CODES: dict[str, str] = {
    "RG101": "the site file is the only input: nothing can be generated without it",
    "RG102": "a site file is written by people; one this large is a mistake or an attack on the reader",
    "RG103": "YAML is Unicode text; in another encoding the same bytes would mean other names",
    "RG104": "control characters are not allowed in YAML and would be invisible in an editor",
    "RG105": "text that is not YAML has no meaning that could be guessed safely",
    "RG106": "an empty file would be a site without private sources",
    "RG107": "one file is one site; of two documents one would be silently ignored",
    "RG108": "of two values of one key one would be silently ignored",
    "RG109": "tags ask a YAML reader to build objects; a site file has plain values only",
    "RG110": "a merge key hides what an entry says; ownership must be readable on the spot",
    "RG111": "an alias must refer to something complete that stands above it",
    "RG112": "a few lines of aliases can stand for billions of values",
    "RG113": "a site file is a few levels deep; more is a mistake or an attack on the reader",
    "RG114": "keys are words; a list or a map as a key has no meaning here",
    "RG201": "a misspelt key would be silently ignored, and with it perhaps a claim",
    "RG202": "the site cannot be built without this value",
    "RG203": "a value of another type would have to be guessed",
    "RG204": "exactly one key says what kind of source an entry is",
    "RG205": "the list needs at least one entry to mean anything",
    "RG206": "pages and scanned names are kept in `state`; without it a project would have no page, or no owner",
    "RG207": "exactly one key says who may read the index",
    "RG301": "clients, certificates and redirects use this one host name",
    "RG302": "the server must know exactly which address and port to bind",
    "RG303": "paths are written into the configuration as they are and are the same from any directory",
    "RG304": "requests are built by appending a canonical name to this URL, so nothing may follow its path",
    "RG305": "the mount is matched literally by both servers, and must leave room for their own paths",
    "RG306": "the name of a source stands in URLs, headers and directory names",
    "RG307": "a claim is a project name or a prefix in the meaning of PEP 752",
    "RG308": "only a valid project name can be asked for",
    "RG309": "layouts and kinds are known trees; another one would be served wrongly",
    "RG310": "the value is one of a few words",
    "RG311": "a size or a time without its unit is misread by a factor of a thousand",
    "RG312": "the server's own listing needs one directory per project",
    "RG313": "names of upstreams are looked up there while the server runs",
    "RG314": "what fetches from upstreams answers whoever can reach it, so nobody else may",
    "RG315": "the service is asked at this one URL, and told of the rest in headers",
    "RG316": "the realm stands between quotes in a header, and a word of nginx's own would open the index",
    "RG317": "only a finding that has a code can be ignored",
    "RG318": "whoever reads the file next must see which finding is right here, and why",
    "RG319": "what is written for nothing hides what was meant, perhaps another name",
    "RG320": "a page without links is told by its length: nothing else of it can be looked at on the way",
    "RG341": "a key that nothing would be done with hides a wrong layout",
    "RG342": "every link in such a page leads away from this site, unless it is known where the links begin",
    "RG401": "the name tells the sources apart in URLs, headers and state",
    "RG402": "a directory that is served as two sources has two owners; inside a mirror, private files become public",
    "RG403": "state and cache inside a served directory would be served; the reverse would be overwritten",
    "RG404": "a name that two sources claim has two owners",
    "RG405": "a claim that stands twice is a slip of the pen, perhaps for another name",
    "RG406": "a name cannot be private and public; the claim would decide it silently",
    "RG407": "one address and port can be bound once",
    "RG408": "asking the same source again cannot give another answer",
    "RG409": "a redirect answers everything: what stands behind it is never asked",
    "RG410": "a private key or passwords among files that are served, or that the server writes, do not stay private",
    "RG411": "a name that stands twice is a slip of the pen, perhaps for another name",
    "RG412": "a bare file name in a page does not say which source the page was from",
    "RG413": "a realm belongs to a password, and nothing else that is asked for has one",
    "RG414": "a client certificate is shown while a TLS connection is made, and nowhere else",
    "RG415": "an exception of nothing hides a claim that was forgotten or misspelt: names nearby go out",
    "RG416": "its other pages do not say what it does not have: 200 with an empty page stops uv, and releases a name",
    "RG417": "one name can be asked for in one spelling, and only of a source that is asked for it at all",
    "RG418": "two answers for one URL: which one it is would depend on the server",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A span on one line of a file; ``line`` and ``column`` count from 1, columns and ``length`` in characters."""

    file: str
    line: int
    column: int
    text: str
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what to do about it; ``key`` is its YAML path, such as ``private[0].claims[1]``."""

    code: str
    message: str
    place: Place | None
    help: str
    severity: Literal["error", "warning"] = "error"
    key: str = ""


class RewritegenError(Exception):
    """Everything that was found wrong in one run; ``str()`` is the rendered text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return render(self.problems)


class SiteError(RewritegenError):
    """The site file cannot be used."""


#: More problems than these are counted and not printed: the first ones are the ones to mend.
MAX_SHOWN = 100

#: Columns of a source line that are shown; of a longer line the part around the span.
_WINDOW = 100


def render(problems: Sequence[Problem], *, colour: bool = False) -> str:
    """Return the problems as text for people, in the manner of rustc; ends with a newline unless there are none."""
    blocks = ["\n".join(_lines(problem, _Paint(colour))) + "\n" for problem in problems[:MAX_SHOWN]]
    if len(problems) > MAX_SHOWN:
        blocks.append(f"... and {len(problems) - MAX_SHOWN} more problems\n")
    return "\n".join(blocks)


def quoted(text: object, limit: int = 60) -> str:
    """Return a value of the user between backticks, on one line, shortened, with nothing that a terminal would obey."""
    shown = visible(str(text)[: limit + 1])
    return f"`{shown}`" if len(str(text)) <= limit else f"`{shown[:limit]}...`"


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return ``did you mean `x`? `` when the word is nearly one of the choices, else nothing; put before a help."""
    from difflib import get_close_matches  # only a mistake pays for it

    matches = get_close_matches(word.lower()[:60], list(choices), 1, 0.6)
    return f"did you mean {quoted(matches[0])}? " if matches else ""


def visible(text: str) -> str:
    """Return the text with every character that cannot be seen as its escape, tabs as one blank."""
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


class _Paint:
    """ANSI colours, or none."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour and text else text


_BLUE, _BOLD, _CYAN, _RED, _YELLOW = "1;34", "1", "1;36", "1;31", "1;33"


def _lines(problem: Problem, paint: _Paint) -> Iterator[str]:
    tone = _RED if problem.severity == "error" else _YELLOW
    yield paint(f"{problem.severity}[{problem.code}]", tone) + paint(f": {problem.message}", _BOLD)
    margin = " "
    if problem.place is not None:
        place = problem.place
        margin = " " * len(str(place.line))
        bar = paint("|", _BLUE)
        line, before, width = _excerpt(place)
        yield f"{margin}{paint('-->', _BLUE)} {visible(str(place))}"
        yield f"{margin} {bar}"
        yield f"{paint(str(place.line), _BLUE)} {bar} {line}".rstrip()
        yield f"{margin} {bar} {' ' * before}{paint('^' * width, tone)}"
    yield f"{margin} {paint('=', _BLUE)} {paint('help', _CYAN)}: {problem.help}"


def _excerpt(place: Place) -> tuple[str, int, int]:
    """Return what is shown of the line, and the columns before and below its span as a terminal shows them."""
    start = min(max(place.column - 1, 0), len(place.text))
    end = min(start + max(place.length, 1), len(place.text))
    first = 0 if end <= _WINDOW else max(0, start - _WINDOW // 4)
    last = min(len(place.text), first + _WINDOW)
    head = "..." if first else ""
    tail = "..." if last < len(place.text) else ""
    before = visible(place.text[first:start])
    span = visible(place.text[start : min(end, last)])
    after = visible(place.text[min(end, last) : last])
    return (
        f"{head}{before}{span}{after}{tail}",
        len(head) + _columns(before),
        max(_columns(span), 1),
    )


def _columns(text: str) -> int:
    """Return the columns that a terminal needs: two for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")

"""Every message of a wrong site file, word for word: ``site_errors.txt`` holds the files and what is said about them.

``UPDATE_GOLDEN=1 pytest`` writes the messages again; read the difference before you commit it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rewritegen import yamlfile
from rewritegen.diagnostics import CODES, SiteError
from rewritegen.site import load_site

TABLE = Path(__file__).with_name("site_errors.txt")


class Row(NamedTuple):
    name: str
    text: str
    said: str


def rows() -> Iterator[Row]:
    """``=== NAME``, the file, ``-----``, what is said."""
    for part in TABLE.read_text("utf-8").split("=== ")[1:]:
        head, _, said = part.partition("-----\n")
        name, _, text = head.partition("\n")
        yield Row(name, text, said)


ROWS = list(rows())


def said_about(text: bytes) -> SiteError:
    with pytest.raises(SiteError) as caught:
        load_site("site.yaml", text=text)
    return caught.value


@pytest.fixture(scope="module", autouse=True)
def updated() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        parts = [
            f"=== {row.name}\n{row.text}-----\n{said_about(row.text.encode())}" for row in ROWS
        ]
        TABLE.write_text("".join(parts), "utf-8")


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_message(row: Row) -> None:
    assert str(said_about(row.text.encode())) == row.said


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_problem_has_a_place_a_known_code_and_help(row: Row) -> None:
    lines = row.text.splitlines() or [""]
    for problem in said_about(row.text.encode()).problems:
        assert problem.code in CODES
        assert problem.message[:1] == problem.message[:1].lower()
        assert not problem.message.endswith(".")
        assert problem.help
        assert problem.place is not None
        assert problem.place.text == lines[problem.place.line - 1]
        assert 1 <= problem.place.column <= len(problem.place.text) + 1


BYTES = {
    "nul": (b"server_name: a\x00b\n", "RG104", (1, 15)),
    "escape": (b"a: 1\n# \x1b[31m\n", "RG104", (2, 3)),
    "latin-1": ("# für\nserver_name: ü\n".encode("latin-1"), "RG103", (1, 4)),
    "utf-16": ("server_name: a\n".encode("utf-16"), "RG103", (1, 1)),
    "cut-in-a-character": ("a: 1\nb: ü".encode()[:-1], "RG103", (2, 4)),
    "byte-order-mark": (b"\xef\xbb\xbfserver_nam: a\n", "RG201", (1, 1)),
    "carriage-returns": (b"private: []\r\nserver_name: /\r\n", "RG301", (2, 14)),
}


@pytest.mark.parametrize(("text", "code", "place"), BYTES.values(), ids=BYTES)
def test_bytes(text: bytes, code: str, place: tuple[int, int]) -> None:
    problems = said_about(text).problems
    places = [(p.code, (p.place.line, p.place.column)) for p in problems if p.place]
    assert (code, place) in places


def test_the_byte_that_is_not_utf8_is_named() -> None:
    problem = said_about(b"server_name: a\nca: /\xff\n").problems[0]
    assert problem.message == "the file is not UTF-8: byte 20 is 0xff"


def test_too_large() -> None:
    problem = said_about(b"#" * (yamlfile.MAX_BYTES + 1)).problems[0]
    assert (problem.code, problem.place) == ("RG102", None)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"RG101.*no such file or directory"):
        load_site(tmp_path / "site.yaml")


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"RG101.*is a directory"):
        load_site(tmp_path)


def test_nul_in_the_name_of_the_file() -> None:
    with pytest.raises(SiteError, match="RG101"):
        load_site("a\0b")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so no file mode would do
    with pytest.raises(SiteError, match=r"RG101.*permission denied"):
        load_site(tmp_path / "site.yaml")


def test_every_code_is_fired() -> None:
    """RG101 and RG102 have no YAML: their tests are the five above."""
    fired = {problem.code for row in ROWS for problem in said_about(row.text.encode()).problems}
    fired |= {code for _, code, _ in BYTES.values()} | {"RG101", "RG102"}
    assert fired == set(CODES)


def test_deep_nesting_is_no_recursion_error() -> None:
    for text in (b"[" * 100_000, b"{a: " * 100_000, b"- " * 100_000, b"? " * 50_000):
        assert said_about(text).problems[0].code in ("RG113", "RG105")


def test_a_long_line_is_shown_in_part() -> None:
    claims = b", ".join(b"acme%d*" % number for number in range(500))
    text = (
        b"server_name: a.example.org\nprivate: [{path: /srv/a, listing: automatic, claims: ["
        + claims
        + b"]}]\n"
    )
    error = said_about(text)
    assert len(error.problems) == 500
    assert max(map(len, str(error).splitlines())) < 140
    assert "... and 400 more problems" in str(error)


def answer(text: bytes) -> None:
    """Load; anything but a site or a :class:`SiteError` with problems and a text is a failure."""
    try:
        site = load_site("site.yaml", text=text)
    except SiteError as error:
        said = error
    else:
        assert site.indexes[0].private
        return
    assert said.problems
    assert "error[RG" in str(said)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    answer(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    answer(text.encode("utf-8", "surrogatepass"))


WORDS = st.sampled_from(
    [
        "server_name",
        "listen",
        "tls",
        "index",
        "state",
        "private",
        "public",
        "fallbacks",
        "cache",
        "pypi",
        "ca",
        "name",
        "path",
        "layout",
        "listing",
        "claims",
        "proxy",
        "kind",
        "files",
        "mirror",
        "redirect",
        "size",
        "pages",
        "stale",
        "certificate",
        "key",
        "8080",
        "127.0.0.1:8080",
        "[::1]:80",
        "a.example.org",
        "/simple/",
        "/srv/a",
        "/srv/a/b",
        "https://index.example.org/",
        "https://[::1",
        "http://[v1.x]/",
        "acme-*",
        "acme",
        "projects",
        "automatic",
        "static",
        "20g",
        "10m",
        "on",
        "no",
        "null",
        "~",
        "1.5",
        "0x10",
        "2024-01-01",
        "1:30",
        "<<",
        "=",
        "&a",
        "*a",
        "!!str",
        "!x",
        "?",
        "|",
        ">",
        "-",
        ":",
        ",",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "#",
        "---",
        "...",
        "%YAML",
        "@",
        "`",
        "\\",
    ]
)
SPACES = st.sampled_from([" ", "\n", ": ", ", ", "\n  ", "\n- ", "\n  - ", "\t", ""])


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(WORDS, SPACES), max_size=40))
def test_any_words(parts: list[tuple[str, str]]) -> None:
    answer("".join(word + space for word, space in parts).encode())


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    WORDS,
    st.text(max_size=8),
    st.dates().map(str),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=8))
def test_any_values(values: dict[str, object]) -> None:
    answer(yaml.safe_dump(values, allow_unicode=True).encode("utf-8", "surrogatepass"))

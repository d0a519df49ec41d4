"""Which names a path may speak of, against a definition that needs no pattern of ours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from rewritegen.names import ClaimSet, parse_name, path_belongs_to
from rewritegen.stems import MOST_NUMBERS, file_stems

HASH = "0123456789abcdef" * 4

PATHS = {
    "foo-1.0.tar.gz": {"foo", "foo-1", "foo-1-0-tar-gz"},
    "packages/ab/cd/foo-1.whl": {"foo", "foo-1-whl"},
    f"{HASH}/foo": {"foo"},
    "Foo.Bar_baz-v2.zip": {"foo-bar-baz", "foo-bar-baz-v2-zip"},
    "a-b-1.0.tar.gz": {"a-b", "a-b-1", "a-b-1-0-tar-gz"},
    "foo/1.0/foo-1.0.whl": {"foo", "1", "1-0", "foo-1", "foo-1-0-whl"},
    "Llama_3.1-8B-1.0.whl": {"llama", "llama-3", "llama-3-1", "llama-3-1-8b"},
    "foo-1.0.whl/provenance": {"foo", "foo-1", "foo-1-0-whl"},
    "foo-1.0.whl/provenance/": {"foo", "foo-1", "foo-1-0-whl"},
    "provenance": {"provenance"},
    "packages": {"packages"},
    "packages/packages": {"packages"},
    "_foo-1.0.zip": set(),
    "foo+bar-1.0.zip": set(),
    "foo-1+bar.0.zip": {"foo"},
    "foo-/x!1": set(),
    "AAAAA": {"aaaaa"},
    "AAAAAA": None,
    "x-1.2.3.4.AAAAAA": {"x", "x-1", "x-1-2", "x-1-2-3"},
    "/".join("abcdefghi"): set("abcdefghi"),
    "/".join("abcdefghij"): None,
    f"packages/{'/'.join('abcdefghi')}": set("abcdefghi"),
    "a_" * 15 + "b": {"a-" * 15 + "b"},
    "a_" * 16 + "b": None,
}


@pytest.mark.parametrize(("path", "stems"), PATHS.items(), ids=[path[:40] for path in PATHS])
def test_path(path: str, stems: set[str] | None) -> None:
    found = file_stems(path)
    assert stems == (found if found is None else set(found))


WORDS = st.from_regex("[a-z][a-z0-9]{0,4}", fullmatch=True).filter(
    lambda word: not re.match("v[0-9]", word)
)
NUMBERS = st.from_regex("v?[0-9][a-z0-9]{0,3}", fullmatch=True)


@st.composite
def named_paths(draw: st.DrawFn) -> tuple[str, str]:
    """A canonical name with as many numbers as are looked at, and a path with it, or a file of it, in any spelling."""
    words = [draw(WORDS | NUMBERS), *draw(st.lists(WORDS, max_size=4))]
    for number in draw(st.lists(NUMBERS, max_size=MOST_NUMBERS - 1)):
        words.insert(draw(st.integers(1, len(words))), number)
    name = "-".join(words)
    runs = st.sampled_from(["-", "_", ".", "__", "-._"])
    spelled = words[0] + "".join(draw(runs) + word for word in words[1:])
    at = draw(st.integers(0, len(spelled) - 1))
    spelled = spelled[:at] + spelled[at].upper() + spelled[at + 1 :]
    version = draw(
        st.sampled_from(["", "-1.0.zip", "_v2", ".V3+x.whl", "-1.2.3.4.5-py3-none-any.whl"])
    )
    above = draw(st.sampled_from(["", "packages/", f"ab/3f/{HASH}/", "other/"]))
    below = draw(st.sampled_from(["", "/x.whl", "/provenance"]))
    return name, f"{above}{spelled}{version}{below}"


@given(named_paths())
def test_a_name_is_found_wherever_it_stands(drawn: tuple[str, str]) -> None:
    name, path = drawn
    directory = path.partition(name)[2].startswith("/")
    if re.fullmatch("[0-9a-f]{2}|[0-9a-f]{24,}|packages", name) and directory:
        return  # a directory of a hashed tree
    stems = file_stems(path)
    assert stems is None or name in stems
    if stems is None:
        assert len(re.findall("[-_.]{2,}|[_.]", path)) > 15


@given(st.from_regex(r"[A-Ca-c0-2v+][A-Ca-c0-2v._+!/-]{0,60}", fullmatch=True))
def test_what_is_found_is_a_name_before_a_number(path: str) -> None:
    parts = [canonicalize_name(part) for part in path.split("/")]
    for stem in file_stems(path) or ():
        assert canonicalize_name(parse_name(stem)) == stem
        assert any(part == stem or re.match(f"{stem}-v?[0-9]", part) for part in parts)


def test_a_claim_of_a_directory_of_file_hosts_refuses_its_files_only() -> None:
    claims = ClaimSet((parse_name("packages"), parse_name("ab")))
    assert not path_belongs_to("packages/ab/cd/x-1.0.whl", claims)
    assert path_belongs_to("packages/ab/cd/packages-1.0.whl", claims)

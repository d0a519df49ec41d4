from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidName, canonicalize_name

from rewritegen.names import (
    CANONICAL_NAME,
    MAX_NAME_LENGTH,
    RAW_NAME,
    Claim,
    ClaimSet,
    InvalidNameError,
    is_redirectable,
    parse_name,
    path_belongs_to,
)

LETTERS = "abcxyzABCXYZ0189"
NAMES = st.builds(
    lambda first, middle, last: first + middle + last,
    st.sampled_from(LETTERS),
    st.text(LETTERS + "-_.", max_size=30),
    st.sampled_from(LETTERS),
)


@given(NAMES)
def test_names_are_canonical_as_packaging_says(raw: str) -> None:
    name = parse_name(raw)
    assert name == canonicalize_name(raw, validate=True)
    assert re.fullmatch(CANONICAL_NAME, name)
    assert re.fullmatch(RAW_NAME, raw)
    assert parse_name(name) == name


@given(st.text(max_size=12))
def test_what_packaging_refuses_is_refused(raw: str) -> None:
    try:
        canonicalize_name(raw, validate=True)
    except InvalidName:
        with pytest.raises(InvalidNameError):
            parse_name(raw)


@pytest.mark.parametrize(
    "raw", ["", "-a", "a-", "a b", "a/b", "a\n", "\uff41", "é", "a" * (MAX_NAME_LENGTH + 1)]
)
def test_no_names(raw: str) -> None:
    with pytest.raises(InvalidNameError):
        parse_name(raw)


def test_the_longest_name() -> None:
    assert len(parse_name("a" * MAX_NAME_LENGTH)) == MAX_NAME_LENGTH


REDIRECTABLE = {
    "eleven-of-a-capital": ("A" * 11, True),
    "twelve-of-a-capital": ("A" * 12, False),
    "twelve-capitals-of-two": ("AB" * 6, True),
    "eleven-runs": ("a_" * 11 + "a", True),
    "twelve-runs": ("a_" * 12 + "a", False),
    "twelve-dashes-are-canonical": ("a-" * 12 + "a", True),
}


@pytest.mark.parametrize(("raw", "expected"), REDIRECTABLE.values(), ids=REDIRECTABLE)
def test_is_redirectable(raw: str, expected: bool) -> None:
    assert is_redirectable(raw) is expected


CLAIMS = {
    "name": (
        "Secret_Tool",
        "secret-tool",
        {"secret-tool"},
        {"secret", "secret-tools", "secret-tool-x"},
    ),
    "prefix": ("acme-*", "acme-*", {"acme", "acme-x", "acme-x-y"}, {"acmetool", "acm", "x-acme"}),
    "other-separators": ("ACME_*", "acme-*", {"acme", "acme-x"}, {"acmex"}),
}


@pytest.mark.parametrize(("text", "shown", "covered", "free"), CLAIMS.values(), ids=CLAIMS)
def test_claim(text: str, shown: str, covered: set[str], free: set[str]) -> None:
    claim = Claim.parse(text)
    assert str(claim) == shown
    assert Claim.parse(shown) == claim
    assert all(claim.covers(parse_name(name)) for name in covered)
    assert not any(claim.covers(parse_name(name)) for name in free)


@pytest.mark.parametrize("text", ["*", "-*", "acme*", "a*b", "acme-**", "", "acme-*-x", "*-acme"])
def test_no_claims(text: str) -> None:
    with pytest.raises(InvalidNameError):
        Claim.parse(text)


SHORT = st.text("ab-", min_size=1, max_size=6).filter(lambda text: text.strip("-") == text)
CLAIM = st.builds(lambda text, prefix: Claim(parse_name(text), prefix), SHORT, st.booleans())


@given(st.lists(CLAIM, max_size=8), SHORT)
def test_a_set_covers_what_its_claims_cover(claims: list[Claim], text: str) -> None:
    name = parse_name(text)
    covered = any(claim.covers(name) for claim in claims)
    found = ClaimSet.of(claims)
    assert found.covers(name) is covered
    assert bool(found) is bool(claims)


@given(
    st.lists(CLAIM, max_size=8).flatmap(
        lambda claims: st.tuples(st.just(claims), st.permutations(claims))
    )
)
def test_a_set_knows_no_order_and_no_repetition(both: tuple[list[Claim], list[Claim]]) -> None:
    claims, shuffled = both
    assert ClaimSet.of(claims) == ClaimSet.of([*shuffled, *claims])


@given(st.lists(CLAIM, max_size=8))
def test_a_set_holds_nothing_twice(claims: list[Claim]) -> None:
    found = ClaimSet.of(claims)
    for prefix in found.prefixes:
        others = [Claim(name, prefix=True) for name in found.prefixes if name != prefix]
        assert not any(other.covers(prefix) for other in others)
    for name in found.names:
        assert not any(Claim(prefix, prefix=True).covers(name) for prefix in found.prefixes)


WITH_PUBLIC = ClaimSet.of([Claim.parse("acme-*")], [parse_name("acme-web"), parse_name("acme-oss")])
BESIDE = ("", ".metadata", ".asc", ".sig", ".provenance", "/provenance")
FILES: dict[str, bool] = {
    "packages/ab/acme_web-1.0-py3-none-any.whl": False,
    "packages/acme.web-1.0-1-cp312-cp312-linux_x86_64.whl": False,
    "Acme_Web-2!1.0rc1+local.1-py2.py3-none-any.whl": False,
    "acme-web-1.0.tar.gz": False,
    "Acme.Web-1.0.post1.zip": False,
    "acme-web/acme-web-1.0.tar.bz2": False,
    "acme_web/": False,
    "acme-oss-v1.0.tgz": False,
    "acme_web-1.0-py2.7.egg": False,
    "acme_web-1.0-py2.7-linux-x86_64.egg": False,
    "acme_web-1.0.egg": False,
    "acme-2.0.tar.gz": True,
    "acme_webb-1.0-py3-none-any.whl": True,
    "acme_web_2fa-1.0-py3-none-any.whl": True,
    "acme-web-2fa-1.0.tar.gz": True,
    "acme_web_2fa-1.0.tar.gz": True,
    "acme-web-2-1.0.tar.gz": True,
    "acme.web.2-1.0.zip": True,
    "acme_web_3d-1.0-py2.7.egg": True,
    "acme-web-2/acme-web-2-1.0.tar.gz": True,
    "acme-web/acme_web_2fa-1.0-py3-none-any.whl": True,
    "acme-oss/acme-web-1.0.tar.gz/acme_foo-1.0.tar.gz": True,
    # nobody can tell: 1.0.post1 of one, or 1 of the other
    "acme-web-1.0-1.tar.gz": True,
    "acme-web-1.0-1.noarch.rpm": True,
    "acme-web-1.0": True,
}


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize(("path", "private"), FILES.items(), ids=FILES)
def test_files_of_a_public_name_below_a_claim(path: str, private: bool, beside: str) -> None:
    """Only what can be of no longer name is public."""
    whole = path if path.endswith("/") else f"{path}{beside}"
    assert path_belongs_to(whole, WITH_PUBLIC) is private


_PIECE = st.sampled_from(["web", "oss", "2", "2fa", "v2", "3d", "foo", "1.0", "py3", "none", "any"])
_NAME = st.lists(_PIECE, min_size=1, max_size=4).map(lambda pieces: "acme-" + "-".join(pieces))


@given(_NAME, st.sampled_from(["1.0", "2", "1.0rc1", "2.0.post1", "3d"]), st.sampled_from("-_."))
def test_no_file_of_a_private_name_passes_as_one_of_a_public_name(
    name: str, version: str, separator: str
) -> None:
    """Files as build tools name them, of today and of before (an sdist with dashes in its name)."""
    written = name.replace(".", separator).replace("-", separator)
    private = WITH_PUBLIC.covers(parse_name(name))
    for file in (
        f"{written.replace('-', '_')}-{version}-py3-none-any.whl",
        f"{written}-{version}.tar.gz",
        f"{written.replace('-', '_')}-{version}-py2.7.egg",
        f"{parse_name(name)}/{written}-{version}.zip",
    ):
        if private:
            assert path_belongs_to(f"packages/{file}", WITH_PUBLIC), file

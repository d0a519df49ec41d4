"""Reading core metadata agrees with the library that installers read it with."""

from __future__ import annotations

from email.parser import BytesHeaderParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewritegen.pages.filenames import Parsed, UnparsableError, file_kind, readings
from rewritegen.pages.metadata import InvalidMetadataError, headers, parse_metadata
from tests.support.dists import metadata_text

LINES = st.lists(
    st.one_of(
        st.builds(
            lambda name, value: name + b":" + value,
            st.sampled_from([b"Name", b"name", b"Version", b"Dynamic", b"X-Y", b"Requires-Python"]),
            st.text("abc .;:=>", max_size=12).map(str.encode),
        ),
        st.text("ab: \t-", max_size=8).map(str.encode),
    ),
    max_size=8,
)


@given(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_headers_are_those_of_the_email_parser(lines: list[bytes], newline: bytes) -> None:
    data = newline.join(lines)
    message = BytesHeaderParser().parsebytes(data)
    expected = [(name.lower(), " ".join(str(value).split())) for name, value in message.items()]
    ours = [(name, " ".join(value.split())) for name, value in headers(data)]
    assert ours == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_metadata_or_a_clear_refusal(data: bytes) -> None:
    try:
        parse_metadata(metadata_text("a", "1") + data)
        parse_metadata(data)
    except InvalidMetadataError:
        return


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("Acme_Foo-1.0-py3-none-any.whl", [("acme-foo", "1.0")]),
        ("acme_foo-1.0-2-py2.py3-none-any.whl", [("acme-foo", "1.0")]),
        ("acme.foo-1.0+ab.1-cp311-cp311-linux_x86_64.whl", [("acme-foo", "1.0+ab.1")]),
        ("acme-foo-1.0.tar.gz", [("acme-foo", "1.0")]),
        ("acme-1.0-1.tar.gz", [("acme", "1.0.post1"), ("acme-1-0", "1")]),
        ("acme-2-1.0.zip", [("acme-2", "1.0")]),
        ("Acme_Foo-1.0_dev-py2.7.egg", [("acme-foo", "1.0.dev0")]),
        ("acme-1.0.egg", [("acme", "1.0")]),
        ("acme-1.0-py2.7-linux-x86_64.egg", [("acme", "1.0")]),
        ("acme-1.0-1-py3-none.whl", None),
        ("acme.tar.gz", None),
        ("acme-v.tar.gz", None),
        ("-1.0.tar.gz", None),
        ("acme-py2.7.egg", None),
    ],
)
def test_file_names(filename: str, expected: list[tuple[str, str]] | None) -> None:
    kind = file_kind(filename)
    assert kind is not None
    if expected is None:
        with pytest.raises(UnparsableError):
            readings(filename, kind)
    else:
        found: list[Parsed] = list(readings(filename, kind))
        assert [(parsed.project, str(parsed.version)) for parsed in found] == expected


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("a-1.tar.gz", "sdist"),
        ("a-1.WHL", "wheel"),
        ("a-1.tar", "old"),
        ("a-1.tar.gz.asc", None),
        ("a-1.whl.metadata", None),
        ("README", None),
    ],
)
def test_file_kinds(filename: str, kind: str | None) -> None:
    assert file_kind(filename) == kind

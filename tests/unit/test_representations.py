"""Which representation an Accept header gets; the same patterns are matched by PCRE in both servers."""

from __future__ import annotations

import pytest

from rewritegen.representations import REPRESENTATIONS, accepts_gzip, negotiate

V1 = "application/vnd.pypi.simple.v1"


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        pytest.param("", "html", id="no header (buildout, easy_install)"),
        pytest.param("*/*", "html", id="curl"),
        pytest.param("text/html", "html", id="pip before 22.2"),
        pytest.param(
            f"{V1}+json, {V1}+html; q=0.1, text/html; q=0.01", "json", id="pip, blank before q"
        ),
        pytest.param(f"{V1}+json, {V1}+html;q=0.2, text/html;q=0.01", "json", id="uv"),
        pytest.param(f"{V1}+json, */*;q=0.1", "json", id="poetry"),
        pytest.param(f"text/html;q=0.01,{V1}+json", "json", id="order means nothing"),
        pytest.param("application/vnd.pypi.simple.latest+json", "json", id="latest"),
        pytest.param("APPLICATION/VND.PYPI.SIMPLE.V1+JSON", "json", id="case"),
        pytest.param(f"{V1}+json;q=0", "html", id="q=0 excludes"),
        pytest.param(f"{V1}+json;q=0.000", "html", id="q=0.000 excludes"),
        pytest.param(f"{V1}+json; q=0.0; x=1, text/html", "html", id="q=0 with a parameter"),
        pytest.param(f"{V1}+json;q=0, {V1}+html", "v1html", id="q=0, then v1+html"),
        pytest.param(f"{V1}+json;q=0.001", "json", id="q above 0"),
        pytest.param(f"{V1}+json;q=0.05, text/html", "html", id="JSON graded below HTML"),
        pytest.param(f"{V1}+html, text/html;q=0.5", "v1html", id="v1+html"),
        pytest.param(f"{V1}+jsonx", "html", id="another type that begins alike"),
        pytest.param(f"x{V1}+json", "html", id="another type that ends alike"),
        pytest.param("application/json", "html", id="plain JSON is not ours"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", "html", id="browser"),
    ],
)
def test_negotiation(accept: str, name: str) -> None:
    assert negotiate(accept).name == name


@pytest.mark.parametrize(
    ("encoding", "gzip"),
    [
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("gzip, deflate, zstd", True),
        ("deflate,gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, deflate", False),
        ("x-gzip-not", False),
    ],
)
def test_encoding_class(encoding: str, gzip: bool) -> None:
    assert accepts_gzip(encoding) is gzip


def test_every_representation_is_looked_for_in_every_page_directory() -> None:
    suffixes = {form.suffix for form in REPRESENTATIONS}
    for form in REPRESENTATIONS:
        assert form.order[0] == form.suffix
        assert set(form.order) == suffixes
        assert [tried.suffix for tried in form.tried] == list(form.order)

"""Links in proxied pages: what each kind of index writes, and where our pages lead instead."""

from __future__ import annotations

import re

import pytest

from rewritegen.links import file_roots, link_rules
from rewritegen.site import Proxy, load_site


def _proxy(settings: str, mount: str = "/simple/") -> Proxy:
    text = f"""
server_name: packages.example.org
index: {mount}
state: /state
private: [{{path: /srv/team}}]
fallbacks: [{{name: up, {settings}}}]
"""
    (source,) = load_site("site.yaml", text=text.encode()).indexes[0].fallbacks
    assert isinstance(source, Proxy)
    return source


@pytest.mark.parametrize(
    ("settings", "mount", "page", "expected"),
    [
        pytest.param(
            'proxy: "https://i.example.org/simple/", kind: pypi, files: ["https://f.example.org/"]',
            "/simple/",
            '<a href="https://f.example.org/packages/ab/x.whl#sha256=1">',
            '<a href="../../files/up/packages/ab/x.whl#sha256=1">',
            id="pypi",
        ),
        pytest.param(
            'proxy: "https://i.example.org/simple/", kind: pypi, files: ["https://f.example.org/"]',
            "/",
            '{"url":"https://f.example.org/x.whl"}',
            '{"url":"../files/up/x.whl"}',
            id="pypi, JSON, mounted at the root",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:3141/root/pypi/+simple/", kind: devpi',
            "/simple/",
            '<a href="../../+f/ab/cd/x.whl">../../ is text here</a>',
            '<a href="../../files/up/+f/ab/cd/x.whl">../../ is text here</a>',
            id="devpi",
        ),
        pytest.param(
            'proxy: "https://n.example.org/repository/all/simple/", kind: nexus',
            "/simple/",
            '<a href="../../packages/x/1.0/x.whl#sha256=1">',
            '<a href="../../files/up/packages/x/1.0/x.whl#sha256=1">',
            id="nexus",
        ),
        pytest.param(
            'proxy: "https://g.example.org/api/v4/projects/7/packages/pypi/simple/", kind: gitlab',
            "/simple/",
            '<a href="https://g.example.org/api/v4/projects/7/packages/pypi/files/ab/x.whl#sha256=ab">',
            '<a href="../../files/up/api/v4/projects/7/packages/pypi/files/ab/x.whl#sha256=ab">',
            id="gitlab",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:8080/site/psc/++simple++/", kind: psc',
            "/simple/",
            '<a href="http://127.0.0.1:8080/site/psc/x/releases/1.0/x.egg">',
            '<a href="../../files/up/site/psc/x/releases/1.0/x.egg">',
            id="psc",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:8080/d/", kind: clue',
            "/simple/",
            '<a href="http://127.0.0.1:8080/d/x/f/x.egg"> <a href="http://127.0.0.1:8080/login">',
            '<a href="../../files/up/x/f/x.egg"> <a href="http://127.0.0.1:8080/login">',
            id="clue",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:3442/eggs/package/", kind: eggbasket',
            "/simple/",
            '<a href="/eggs/package/download/x/x.egg"> <a href="/eggs/package/info?package=x">',
            '<a href="../../files/up/x/x.egg"> <a href="/eggs/package/info?package=x">',
            id="eggbasket",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:8080/simple/", kind: rewritegen',
            "/simple/",
            '<a href="../../files/team/x.whl"> <a href="x.whl">',
            '<a href="../../files/up/files/team/x.whl"> <a href="x.whl">',
            id="rewritegen",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:8080/", kind: rewritegen',
            "/simple/",
            '<a href="../files/team/x.whl"> <a href="../../packages/x.whl">',
            '<a href="./../../files/up/files/team/x.whl"> <a href="./../../files/up/packages/x.whl">',
            id="rewritegen, mounted at the root",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:8080/deep/simple/", kind: rewritegen',
            "/simple/",
            '<a href="../../../files/team/x.whl"> <a href="../../packages/x.whl">',
            '<a href="./../../files/up/files/team/x.whl"> <a href="./../../files/up/~1/packages/x.whl">',
            id="rewritegen, deep",
        ),
        pytest.param(
            'proxy: "http://127.0.0.1:8000/a/simple/", kind: simple',
            "/simple/",
            '{"url": "../../packages/x.whl"} {"url": "http://127.0.0.1:8000/b/x.whl"}',
            '{"url": "../../files/up/packages/x.whl"} {"url": "../../files/up/~1/b/x.whl"}',
            id="simple, relative and absolute",
        ),
        pytest.param(
            'proxy: "https://i.example.org/simple/", kind: pypi, '
            'files: ["https://f.example.org/", "https://f.example.org/deep/"]',
            "/simple/",
            '"https://f.example.org/deep/x" "https://f.example.org/y"',
            '"../../files/up/x" "../../files/up/~1/y"',
            id="one file host below another",
        ),
    ],
)
def test_links_lead_to_our_routes(settings: str, mount: str, page: str, expected: str) -> None:
    assert _rewritten(page, _proxy(settings, mount), mount) == expected


def _rewritten(page: str, source: Proxy, mount: str = "/simple/") -> str:
    for rule in link_rules(mount, source):
        replace = rule.replace.replace("\\", "\\\\")
        page = re.sub(re.escape(rule.find), replace, page, flags=re.IGNORECASE)
    return page


PYPI = 'proxy: "https://i.example.org/simple/", kind: pypi, files: ["https://f.example.org/"]'
SIMPLE = 'proxy: "https://i.example.org/simple/", kind: simple'
PYPISERVER = 'proxy: "https://i.example.org/team/simple/", kind: pypiserver'


@pytest.mark.parametrize(
    ("settings", "link", "expected"),
    [
        (PYPI, '"HTTPS://F.Example.org/ab/X.whl"', '"../../files/up/ab/X.whl"'),
        (PYPI, '"https://f.example.org:443/x.whl"', '"../../files/up/x.whl"'),
        (PYPI, '"//f.example.org/x.whl"', '"../../files/up/x.whl"'),
        (PYPI, "'//f.example.org:443/x.whl'", "'../../files/up/x.whl'"),
        (PYPI, r'"https:\/\/f.example.org\/a\/x.whl"', r'"../../files/up/a\/x.whl"'),
        (PYPI, r'"\/\/f.example.org\/a\/x.whl"', r'"../../files/up/a\/x.whl"'),
        (PYPISERVER, "'/team/packages/x.whl'", "'../../files/up/x.whl'"),
        (PYPISERVER, '"/team/packages/x.whl"', '"../../files/up/x.whl"'),
    ],
)
def test_ways_to_write_a_link(settings: str, link: str, expected: str) -> None:
    assert _rewritten(link, _proxy(settings)) == expected


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        pytest.param(PYPI, '"http://f.example.org/x.whl"', id="another scheme"),
        pytest.param(PYPI, '"https://f.example.org:8443/x.whl"', id="another port"),
        pytest.param(PYPI, '"https://f.example.org.evil.example.org/x.whl"', id="a longer host"),
        pytest.param(PYPI, '"https://xf.example.org/x.whl"', id="another host"),
        pytest.param(PYPI, '"https://i.example.org/simple/x/"', id="the index, not declared"),
        pytest.param(PYPI, '"../../packages/x.whl"', id="relative, where none are"),
        pytest.param(PYPI, "see //f.example.org/ for more", id="no scheme and no quote"),
        pytest.param(SIMPLE, "text ../../ text ..\\/..\\/", id="text that looks relative"),
        pytest.param(SIMPLE, '"/packages/x.whl" "x.whl"', id="other relative links"),
        pytest.param(PYPISERVER, '"/packages/x.whl"', id="not beside the index"),
        pytest.param(PYPISERVER, "//i.example.org/team/packages/x.whl", id="inside a URL"),
    ],
)
def test_what_is_no_link_to_a_file_of_ours_stays(settings: str, text: str) -> None:
    assert _rewritten(text, _proxy(settings)) == text


@pytest.mark.parametrize(
    ("settings", "roots"),
    [
        (
            'proxy: "http://127.0.0.1:3141/root/pypi/+simple/", kind: devpi',
            ("http://127.0.0.1:3141/root/pypi/",),
        ),
        ('proxy: "http://127.0.0.1:8000/simple/"', ("http://127.0.0.1:8000/",)),
        (
            'proxy: "http://127.0.0.1:8000/a/simple/"',
            ("http://127.0.0.1:8000/a/", "http://127.0.0.1:8000/"),
        ),
        ('proxy: "http://127.0.0.1:8000/"', ("http://127.0.0.1:8000/",)),
        (PYPISERVER, ("https://i.example.org/team/packages/",)),
        ('proxy: "http://127.0.0.1:8888/", kind: eggproxy', ()),
    ],
)
def test_roots_of_files(settings: str, roots: tuple[str, ...]) -> None:
    assert file_roots(_proxy(settings)) == roots

"""Links in proxied pages: what each kind of index writes, and where our pages lead instead."""

from __future__ import annotations

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
    for rule in link_rules(mount, _proxy(settings, mount)):
        page = page.replace(rule.find, rule.replace)
    assert page == expected


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
    ],
)
def test_roots_of_files(settings: str, roots: tuple[str, ...]) -> None:
    assert file_roots(_proxy(settings)) == roots

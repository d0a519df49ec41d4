"""Cache files of both servers as bytes: what is read from them, and what is never taken for a copy.

That the real servers write them so is shown in tests/servers/test_cache_command.py.
"""

from __future__ import annotations

import hashlib

import pytest

from rewritegen.copies.apache_files import read_apache
from rewritegen.copies.entries import Entry, Key, read_key
from rewritegen.copies.nginx_files import read_nginx
from rewritegen.copies.projects import project_of
from tests.support.cache_files import (
    FILE,
    NOW,
    PAGE,
    apache_file,
    apache_name,
    nginx_file,
    nginx_name,
)


def test_a_file_of_nginx() -> None:
    data = nginx_file()
    start = data.index(b"page", 400)
    assert read_nginx(nginx_name(), data, len(data)) == Entry(
        key=Key("page", "public", "six", "0123abcd", form="v1_json", coding="gzip"),
        program="nginx",
        status=200,
        size=len(data),
        since=NOW,
        fresh_until=NOW + 600,
        stands_until=NOW + 600 + 3600,
        paths=(nginx_name(),),
        body=(nginx_name(), start),
    )


def test_a_variant_of_nginx_is_called_by_its_hash() -> None:
    variant = hashlib.md5(b"variant").digest()
    data = nginx_file(variant=variant)
    assert read_nginx(f"a/bc/{variant.hex()}", data, len(data)) is not None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(b"", nginx_name(), id="empty"),
        pytest.param(nginx_file()[:100], nginx_name(), id="cut off in the header"),
        pytest.param(nginx_file()[:350], nginx_name(), id="cut off in the key"),
        pytest.param(nginx_file()[:390], nginx_name(), id="cut off in the answer"),
        pytest.param(nginx_file(version=4), nginx_name(), id="an older format"),
        pytest.param(nginx_file(version=6), nginx_name(), id="a newer format"),
        pytest.param(nginx_file(), nginx_name(FILE), id="under the name of another"),
        pytest.param(nginx_file("GET/index"), nginx_name("GET/index"), id="another key"),
        pytest.param(nginx_file(answer=b"SSH-2.0\r\n"), nginx_name(), id="no answer"),
        pytest.param(nginx_file(fresh=2**60), nginx_name(), id="fresh for ever"),
        pytest.param(nginx_file(fresh=-NOW - 1), nginx_name(), id="never fresh"),
        pytest.param(b"\xff" * 600, nginx_name(), id="noise"),
    ],
)
def test_what_is_no_copy_of_nginx(data: bytes, name: str) -> None:
    assert read_nginx(name, data, len(data)) is None


def test_a_file_of_httpd() -> None:
    data = apache_file()
    name = apache_name()
    body = name.removesuffix(".header") + ".data"
    assert read_apache(name, data, 5000, 3600) == Entry(
        key=Key("page", "public", "six", "0123abcd", form="v1_json", coding="gzip"),
        program="apache",
        status=200,
        size=5000,
        since=NOW,
        fresh_until=NOW + 600,
        stands_until=NOW + 600 + 3600,
        paths=(name, body),
        body=(body, 0),
    )


def test_what_is_not_there_does_not_stand_in() -> None:
    data = apache_file(status=404)
    entry = read_apache(apache_name(), data, 5000, 3600)
    assert entry is not None
    assert (entry.status, entry.stands_until) == (404, entry.fresh_until)


def test_a_variant_of_httpd_lies_below_the_list_of_what_it_depends_on() -> None:
    data = apache_file()
    name = f"{apache_name()}.vary/a/b/cdef.header"
    entry = read_apache(name, data, 5000, 3600)
    assert entry is not None
    assert entry.paths == (name, f"{apache_name()}.vary/a/b/cdef.data", apache_name())
    assert read_apache(f"{apache_name(OTHER_URL)}.vary/a/b/cdef.header", data, 5000, 0) is None


OTHER_URL = "http://packages.example.org/simple/six/?"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(b"", apache_name(), id="empty"),
        pytest.param(apache_file()[:100], apache_name(), id="cut off in the header"),
        pytest.param(apache_file()[:130], apache_name(), id="cut off in the URL"),
        pytest.param(apache_file(number=5), apache_name(), id="a list of Vary headers"),
        pytest.param(apache_file(number=7), apache_name(), id="a newer format"),
        pytest.param(apache_file(length=2**63), apache_name(), id="a length beyond the file"),
        pytest.param(apache_file(), apache_name(OTHER_URL), id="under the name of another"),
        pytest.param(apache_file(OTHER_URL), apache_name(OTHER_URL), id="another URL"),
        pytest.param(apache_file(fresh=2**40), apache_name(), id="fresh for ever"),
        pytest.param(b"\xff" * 600, apache_name(), id="noise"),
    ],
)
def test_what_is_no_copy_of_httpd(data: bytes, name: str) -> None:
    assert read_apache(name, data, len(data), 3600) is None


@pytest.mark.parametrize(
    ("text", "kind", "project"),
    [
        (PAGE, "page", "six"),
        ("pages/up-stream~json/six/legacy/identity/0123abcd", "page", "six"),
        (FILE, "file", "six"),
        ("files/up-stream/0-0123abcd/a%2Bb/My_Tool-1%2B2-py3-none-any.whl", "file", "my-tool"),
        ("files/up-stream/0-0123abcd/x", "file", ""),
    ],
)
def test_keys(text: str, kind: str, project: str) -> None:
    key = read_key(text)
    assert key is not None
    assert (key.kind, key.project, str(key)) == (kind, project, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{PAGE}\n",
        PAGE.replace("six", "Six"),
        PAGE.replace("six", "../six"),
        PAGE.replace("gzip", "br"),
        PAGE.replace("v1_json", "v2_json"),
        PAGE.replace("v1_json", "legacy"),
        "pages/up-stream~json/six/v1_json/identity/0123abcd",
        "pages/up-stream~html/six/legacy/identity/0123abcd",
        FILE.replace("1-", "1000-"),
        FILE.replace("six", "s x"),
        FILE.replace("six", "s\x1b[31mx"),
        "files/public/1-0123abcd/",
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert read_key(text) is None


@pytest.mark.parametrize(
    ("path", "project"),
    [
        ("six-1.0-py3-none-any.whl", "six"),
        ("ab/cd/Zope.Interface-5.0.tar.gz", "zope-interface"),
        ("foo-bar-1.0.zip", "foo-bar"),
        ("foo_bar-1.0-1-py3-none-any.whl.metadata", "foo-bar"),
        ("foo-1.0.tar.gz.asc", "foo"),
        ("foo-1.0-py3-none-any.whl.provenance", "foo"),
        ("foo-1.0%2Blocal.1-py3-none-any.whl", "foo"),
        ("foo_bar-1.0-py2.7.egg", "foo-bar"),
        ("foo-bar-1.0.tar.bz2", "foo-bar"),
        ("foo-1.0.win32.exe", "foo"),
        ("foo-not-a-version.tar.gz", ""),
        ("f/foo/README.txt", "foo"),
        ("ab/abcdef012345/README.txt", ""),
        ("README.txt", ""),
        ("a/...whl", ""),
    ],
)
def test_the_project_of_a_file(path: str, project: str) -> None:
    assert project_of(path) == project

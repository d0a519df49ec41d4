"""What would be answered without a network, from copies made by hand, as the model sees it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from rewritegen.copies.current import file_hosts
from rewritegen.copies.directory import read_caches
from rewritegen.copies.offline import Prospect, prospects
from rewritegen.digests import file_digest, page_digest
from rewritegen.plan import Plan, compile_plan
from rewritegen.site import load_site
from tests.support.cache_files import NOW, keep

FILES = "https://files.example.org/"
SETTINGS = {
    "server_name": "packages.example.org",
    "private": [
        {"name": "eggs", "proxy": "https://eggs.example.org/simple/", "claims": ["egg-*"]},
    ],
    "fallbacks": [
        {
            "name": "one",
            "proxy": "https://one.example.org/simple/",
            "kind": "pypi",
            "files": [FILES, f"{FILES}more/"],
        },
        {"name": "two", "proxy": "https://two.example.org/simple/"},
    ],
    "cache": {"path": "/var/cache/rewritegen"},
}


@dataclass
class Kept:
    """A site, and a cache directory of its nginx."""

    plan: Plan
    directory: Path
    sources: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.sources = frozenset(step.source.name for step in self.plan.steps_with_upstream)

    def page(
        self,
        source: str,
        name: str,
        *links: str,
        form: str = "v1_json",
        coding: str = "gzip",
        fresh: int = 600,
        metadata: bool = False,
        answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n",
    ) -> None:
        """Keep a page in which the files have these links."""
        rows = [{"filename": "f", "url": link, "core-metadata": metadata} for link in links]
        body = json.dumps({"files": rows}).encode()
        packed = gzip.compress(body) if coding == "gzip" else body
        key = f"pages/{source}/{name}/{form}/{coding}/{self._page_digest(source)}"
        keep(self.directory, key, packed, fresh=fresh, answer=answer)

    def file(self, source: str, path: str, host: int = 0, fresh: int = 600) -> None:
        """Keep a file of a source."""
        digests = {
            (one.source, one.number): file_digest(one.fetch) for one in file_hosts(self.plan)
        }
        keep(self.directory, f"files/{source}/{host}-{digests[source, host]}/{path}", fresh=fresh)

    def prospects(self) -> dict[tuple[str, str], Prospect]:
        """What there is offline, by project and source."""
        contents = read_caches((self.directory,), self.sources)
        found = prospects(self.plan, contents, NOW)
        return {(one.project, one.source): one for one in found}

    def only(self) -> Prospect:
        """The one prospect."""
        (found,) = self.prospects().values()
        return found

    def _page_digest(self, source: str) -> str:
        (step,) = (one for one in self.plan.steps_with_upstream if one.source.name == source)
        return page_digest(step.upstream)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump(SETTINGS))
    return Kept(compile_plan(load_site(str(path))), tmp_path / "cache")


def test_a_page_and_its_files(kept: Kept) -> None:
    links = ("../../files/one/~1/six-1.whl", "../../files/one/a/six-2.whl", "https://x.org/six-3")
    kept.page("one", "six", *links)
    kept.page("one", "six", *links, form="html", coding="identity", fresh=900)
    kept.file("one", "six-1.whl", host=1)
    assert kept.only() == Prospect(
        "six",
        "one",
        pages=(("v1_json", "gzip"), ("html", "identity")),
        stands_until=NOW + 900 + 3600,
        kept=links[:1],
        missing=links[1:2],
        without_metadata=(),
        elsewhere=1,
    )
    assert kept.only().of_use


@pytest.mark.parametrize("spelling", ["six-1%2Blocal.whl", "six-1+local.whl"])
def test_a_file_is_found_in_another_spelling_of_its_path(kept: Kept, spelling: str) -> None:
    kept.page("one", "six", "../../files/one/six-1%2Blocal.whl#sha256=00")
    kept.file("one", spelling)
    assert len(kept.only().kept) == 1


@pytest.mark.parametrize(("there", "missing"), [(True, 0), (False, 1)])
def test_a_promised_metadata_file_is_needed(kept: Kept, there: bool, missing: int) -> None:
    kept.page("one", "six", "../../files/one/six-1.whl", metadata=True)
    kept.file("one", "six-1.whl")
    if there:
        kept.file("one", "six-1.whl.metadata")
    assert len(kept.only().without_metadata) == missing
    assert kept.only().of_use == there


def test_copies_that_are_too_old_are_none(kept: Kept) -> None:
    kept.page("one", "six", "../../files/one/six-1.whl", fresh=-3700)
    kept.page("one", "ten", "../../files/one/ten-1.whl")
    kept.file("one", "ten-1.whl", fresh=-3700)
    assert kept.prospects()["six", "one"].problem == "no page of it stands in"
    assert kept.prospects()["ten", "one"].missing == ("../../files/one/ten-1.whl",)
    assert not any(one.of_use for one in kept.prospects().values())


def test_copies_of_another_configuration_are_none(kept: Kept) -> None:
    keep(kept.directory, "pages/one/six/v1_json/gzip/00000000")
    assert kept.only().problem == "no page of it stands in"


def test_an_answer_that_is_no_page_is_none(kept: Kept) -> None:
    kept.page("one", "six", answer=b"HTTP/1.1 404 Not Found\r\n\r\n")
    assert kept.prospects() == {}


def test_files_without_a_page(kept: Kept) -> None:
    kept.file("one", "six-1-py3-none-any.whl")
    assert kept.only() == Prospect("six", "one", (), None, (), (), (), 0, "no page of it stands in")


def test_the_first_source_with_a_copy_answers(kept: Kept) -> None:
    kept.page("one", "six")
    kept.page("two", "six")
    kept.page("two", "six", form="html")
    found = kept.prospects()
    assert found["six", "one"].pages == (("v1_json", "gzip"),)
    assert found["six", "two"].pages == (("html", "gzip"),)


def test_a_name_that_is_private_now_is_answered_by_nobody_else(kept: Kept) -> None:
    kept.page("one", "egg-shell")
    kept.page("eggs", "egg-shell")
    kept.page("one", "egg-yolk")
    found = kept.prospects()
    assert found["egg-shell", "one"].problem == "answered by private/eggs"
    assert found["egg-shell", "eggs"].pages == (("v1_json", "gzip"),)
    assert found["egg-yolk", "one"].problem == "answered with 502"


@pytest.mark.parametrize(
    "link", ["http://[", "//x.example.org/six-1.whl", "six-1.whl", "../../files/three/six-1.whl"]
)
def test_links_that_lead_elsewhere(kept: Kept, link: str) -> None:
    kept.page("one", "six", link)
    assert (kept.only().elsewhere, kept.only().missing) == (1, ())


def test_a_page_that_cannot_be_read_is_answered_all_the_same(kept: Kept) -> None:
    kept.page("one", "six", coding="identity")
    (path,) = (one for one in kept.directory.rglob("*") if one.is_file())
    path.write_bytes(path.read_bytes()[:-1])
    assert kept.only().pages == (("v1_json", "identity"),)
    assert kept.only().problem == "its page cannot be read"

"""`check` at a site that serves legacy JSON: nothing to find where it is right, and each fault by its code."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.check.world import SAMPLES, Checked, check, codes, world
from tests.support.sites import index_site

pytestmark = [pytest.mark.server, pytest.mark.slow]


def _document(made: Checked, name: str) -> Path:
    return made.state / "pages" / "team" / name / "legacy.json"


def _removed(made: Checked) -> None:
    for path in _document(made, "acme-foo").parent.glob("legacy.json*"):
        path.unlink()


def _swapped(made: Checked) -> None:
    for path in _document(made, "acme-bar").parent.glob("legacy.json*"):
        shutil.copy(path, _document(made, "acme-foo").with_name(path.name))


#: In the text of each server, whose documents those of ``team`` are.
OWNER = {
    "nginx": r"(\^~ /-/rg_json/team/ .*?X-Index-Source )private/team",
    "apache": r"(the document of what it owns.*?RG_SOURCE:)private/team",
}


def _given_away(tree: Path, kind: str) -> None:
    changed = 0
    for path in tree.glob("*.conf"):
        text, number = re.subn(
            OWNER[kind], r"\1mirror/copy", path.read_text(), count=1, flags=re.DOTALL
        )
        path.write_text(text)
        changed += number
    assert changed == 1


FAULTS: list[tuple[str, set[str], Callable[[Checked], None] | None]] = [
    ("nothing", set(), None),
    ("removed", {"RG910"}, _removed),
    ("swapped", {"RG912"}, _swapped),
]


@pytest.mark.long
@pytest.mark.parametrize(("fault", "wanted", "change"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_is_found(
    server_kind: str,
    place: Path,
    fault: str,
    wanted: set[str],
    change: Callable[[Checked], None] | None,
) -> None:
    del fault
    with world(server_kind, place) as made:
        made.settings["legacy_json"] = True
        made.write()
        index_site(made.site)
        if change is not None:
            change(made)
        with made.running() as live:
            _, report = check(made.site, live.url, *SAMPLES, "--remote")
    assert codes(report) == wanted, report["findings"]


def test_a_document_of_somebody_else_is_found(server_kind: str, place: Path) -> None:
    with world(server_kind, place) as made:
        made.settings["legacy_json"] = True
        made.write()
        index_site(made.site)
        with made.running(lambda tree: _given_away(tree, server_kind)) as live:
            _, report = check(made.site, live.url, *SAMPLES, "--remote")
    assert codes(report, ("error",)) == {"RG911"}, report["findings"]


def _of_another(made: Checked) -> None:
    """Its index answers with the document of another project, as a cache with too short a key does."""
    made.index.document = lambda project: b'{"info": {"name": "both"}}'  # type: ignore[method-assign]


#: httpd and nginx answer 502 for what is no document.
PROXIED: list[tuple[str, set[str], Callable[[Checked], None]]] = [
    ("nothing", set(), lambda _: None),
    ("of another project", {"RG912"}, _of_another),
    ("no answer", {"RG963"}, lambda made: made.index.set_mode("500", "/pypi/proxied/json")),
    ("not there", set(), lambda made: made.index.set_mode("404", "/pypi/proxied/json")),
]


@pytest.mark.long
@pytest.mark.parametrize(("fault", "wanted", "change"), PROXIED, ids=[row[0] for row in PROXIED])
def test_what_is_found_in_documents_of_proxies(
    server_kind: str,
    place: Path,
    fault: str,
    wanted: set[str],
    change: Callable[[Checked], None],
) -> None:
    del fault
    with world(server_kind, place) as made:
        made.settings["legacy_json"] = True
        made.write()
        index_site(made.site)
        change(made)
        with made.running() as live:
            _, report = check(made.site, live.url, *SAMPLES, "--remote")
        asked = [r.target for r in made.index.requests if r.target.startswith("/pypi/")]
    assert codes(report) == wanted, report["findings"]
    assert asked
    assert set(asked) == {"/pypi/proxied/json"}

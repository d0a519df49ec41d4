"""What would be answered without a network, for people and programs."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rewritegen.copies.offline import Prospect
from rewritegen.copies.projects import file_name
from rewritegen.copies.text import columns, forms_text, iso_text, json_text, time_text
from rewritegen.diagnostics import visible

__all__ = ["offline_as_json", "offline_as_table"]

_HEAD = ("PROJECT", "SOURCE", "PAGES", "FILES KEPT", "STANDS IN UNTIL", "NOTE")


def offline_as_table(found: Sequence[Prospect], *, detailed: bool) -> str:
    """Return a table of the projects of which something can be had, and the names of the others by what they lack.

    :param detailed: a line for every project, and for every file of its page, those that are kept first.
    """
    if detailed:
        files = [("kept", _file(url)) for one in found for url in one.kept]
        files += [("not kept", _file(url)) for one in found for url in one.missing]
        parts = [_table(found), columns(files) if files else ""]
    else:
        parts = [_table([one for one in found if one.of_use]), *_lacking(found)]
    return "\n".join(part for part in parts if part)


def _table(found: Sequence[Prospect]) -> str:
    rows = [
        (
            one.project,
            one.source,
            forms_text(one.pages),
            f"{len(one.kept)} of {len(one.kept) + len(one.missing)}" if one.pages else "-",
            "-" if one.stands_until is None else time_text(one.stands_until),
            _note(one),
        )
        for one in found
    ]
    return columns([_HEAD, *rows]) if rows else ""


def _lacking(found: Sequence[Prospect]) -> Iterator[str]:
    names = defaultdict(list)
    for one in found:
        if not one.of_use:
            names[f"{one.source}, {_lack(one)}"].append(one.project)
    for lack, projects in sorted(names.items()):
        text = f"{lack}: {', '.join(projects)}"
        yield textwrap.fill(text, 100, subsequent_indent="    ", break_on_hyphens=False) + "\n"


def _note(one: Prospect) -> str:
    notes = [] if one.of_use else [_lack(one)]
    if one.of_use and one.without_metadata:
        notes.append(f"{len(one.without_metadata)} kept without metadata")
    if one.elsewhere:
        notes.append(f"{one.elsewhere} links lead elsewhere")
    return ", ".join(notes)


def _lack(one: Prospect) -> str:
    if one.problem:
        return one.problem
    if one.kept:
        return "files are kept without their metadata"
    return "no file is kept" if one.missing else "the page links to no file here"


def _file(url: str) -> str:
    return visible(file_name(url))


def offline_as_json(found: Sequence[Prospect]) -> str:
    """Return everything that is known of what would be answered offline."""
    return json_text(
        {
            "projects": [
                {
                    "project": one.project,
                    "source": one.source,
                    "of_use": one.of_use,
                    "pages": [{"form": form, "coding": coding} for form, coding in one.pages],
                    "stands_until": iso_text(one.stands_until),
                    "kept": [file_name(url) for url in one.kept],
                    "missing": [file_name(url) for url in one.missing],
                    "without_metadata": [file_name(url) for url in one.without_metadata],
                    "elsewhere": one.elsewhere,
                    "problem": one.problem or None,
                }
                for one in found
            ]
        }
    )

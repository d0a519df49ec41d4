"""Settings into a TOML file: comments, other settings and their order stay, as tomlkit keeps them.

The text is read before and after, and merged a second time as plain values: what differs must be what was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array

from rewritegen.clients.refused import MergeRefusedError
from rewritegen.clients.values import merged_value

__all__ = ["merge_toml", "read_toml"]

#: Keys of an entry that say how it is asked: those of the other form do not stay beside the new ones.
_FLAGS = ("default", "explicit", "priority", "include_packages", "exclude_packages")


def read_toml(text: str) -> dict[str, Any]:
    """Return a file as plain values.

    :raises MergeRefusedError: when it is not TOML.
    """
    try:
        return tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise MergeRefusedError(
            f"it cannot be read: {str(error)[:1].lower()}{str(error)[1:]}"
        ) from None


def merge_toml(text: str, snippet: str) -> str:
    """Return the text with the settings of the snippet."""
    expected, wanted = read_toml(text), read_toml(snippet)
    _merge(expected, wanted)
    if expected == read_toml(text):
        return text
    for candidate in (_appended(text, snippet), _edited(text, snippet)):
        if candidate is not None and _reads_as(candidate, expected):
            return candidate
    raise MergeRefusedError("its tables are laid out in a way that is not understood")


def _reads_as(text: str, expected: dict[str, Any]) -> bool:
    try:
        return read_toml(text) == expected
    except MergeRefusedError:
        return False


def _appended(text: str, snippet: str) -> str:
    """Return the snippet behind the text: right when nothing of it is there, and keeps its comments."""
    return f"{text.rstrip()}\n\n{snippet}" if text.strip() else snippet


def _edited(text: str, snippet: str) -> str | None:
    document = tomlkit.parse(text)
    try:
        _merge(document, tomlkit.parse(snippet))
        return tomlkit.dumps(document)
    except TOMLKitError:
        return None


def _merge(target: MutableMapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Put what is wanted into a table; entries of a list of tables are told apart by their name."""
    for key, value in wanted.items():
        there = target.get(key)
        if there is None:
            target[key] = value
        elif isinstance(value, Mapping):
            if not isinstance(there, MutableMapping):
                raise MergeRefusedError(f"`{key}` is no table there")
            _merge(there, value)
        elif isinstance(value, list):
            if not isinstance(there, list):
                raise MergeRefusedError(f"`{key}` is no list there")
            _merge_list(there, value)
        elif _plain(there) != (then := _value(key, _plain(there), _plain(value))):
            target[key] = then


def _value(key: str, there: Any, wanted: Any) -> Any:
    both_text = isinstance(there, str) and isinstance(wanted, str)
    return merged_value(key, there, wanted) if both_text else wanted


def _merge_list(there: list[Any], wanted: list[Any]) -> None:
    """Add what is missing; to a list of texts as it is."""
    if wanted and isinstance(wanted[0], Mapping):
        _merge_entries(there, wanted)
        return
    present = [_plain(value) for value in there]
    for value in wanted:
        if _plain(value) not in present:
            there.append(_plain(value))


def _merge_entries(there: list[Any], wanted: list[Any]) -> None:
    for entry in wanted:
        tables = (table for table in there if isinstance(table, MutableMapping))
        found = next((table for table in tables if _name(table) == _name(entry)), None)
        if found is None:
            there.append(_entry(entry, there))
            continue
        for flag in _FLAGS:
            if flag in found and (flag not in entry or isinstance(entry[flag], list)):
                del found[flag]  # a list of patterns is ours as a whole
        _merge(found, entry)


def _name(entry: Mapping[str, Any]) -> str:
    """Return the name of an entry; tools compare them without regard to case."""
    return str(entry.get("name", "")).lower()


def _entry(entry: Mapping[str, Any], there: list[Any]) -> Any:
    """Return an entry in the way in which the list is written: between brackets, or with a head of its own."""
    if not isinstance(there, Array | AoT):
        return entry
    table = tomlkit.inline_table() if isinstance(there, Array) else tomlkit.table()
    table.update(_plain(entry))
    if isinstance(there, AoT):
        table.trivia.indent = "\n"  # a blank line above it
    return table


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value

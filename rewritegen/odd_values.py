"""What a site file says of an HTTP index that is not as PEP 503 wants it: its spellings, and its empty pages."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from rewritegen.diagnostics import quoted
from rewritegen.kinds import Empty
from rewritegen.names import InvalidNameError, parse_name
from rewritegen.quantities import refusal, string

__all__ = ["EmptyPage", "Spelling"]

_PAGE_LENGTH = r"([0-9]{1,5})(?:\+([1-9])n)?"


def _spelling(value: Any) -> str:
    text = string(value)
    try:
        name = parse_name(text)
    except InvalidNameError:
        advice = "write a project name as that index has it, such as `Zope.Interface`"
        raise refusal("RG308", f"{quoted(text)} is not a project name", advice) from None
    if text == name:
        advice = "delete it: it is asked for by that name anyway"
        raise refusal("RG319", f"{quoted(text)} is the canonical spelling", advice)
    return text


def _empty_page(value: Any) -> Empty:
    if isinstance(value, Empty):
        return value
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    found = re.fullmatch(_PAGE_LENGTH, text) if isinstance(text, str) else None
    if found is None:
        advice = "write its bytes, such as `86`, or `250+2n` where the name is in it twice"
        raise refusal("RG320", f"{quoted(value)} is not the length of a page", advice)
    return Empty(int(found[1]), int(found[2] or 0))


Spelling = Annotated[
    str,
    PlainValidator(_spelling),
    WithJsonSchema(
        {"type": "string", "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$"},
    ),
]
EmptyPage = Annotated[
    Empty,
    PlainValidator(_empty_page),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 99999},
                {"type": "string", "pattern": f"^{_PAGE_LENGTH}$"},
            ]
        }
    ),
]

"""What `rewritegen lint` does not report, as the site file says it: a finding that is meant to be has a reason."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from rewritegen.diagnostics import quoted
from rewritegen.quantities import refusal
from rewritegen.sources import Part

__all__ = ["Ignored", "Lint"]

_CODE = "RG0[0-9]{2}"
_REASON = r".*\S.*\S.*\S.*"


def _code(value: str) -> str:
    if not re.fullmatch(_CODE, value):
        advice = "write a code such as `RG002`; `rewritegen lint --explain all` lists them"
        raise refusal("RG317", f"{quoted(value)} is no code of a lint rule", advice)
    return value


def _reason(value: str) -> str:
    if not re.fullmatch(_REASON, value) or not value.isprintable():
        advice = "write a few words, such as `reached through the VPN only`"
        raise refusal("RG318", f"{quoted(value)} is no reason", advice)
    return value


def _about(value: str) -> str:
    if not value or not value.isprintable():
        advice = "write a part of what the finding says, such as `fallbacks[0]`"
        raise refusal("RG318", f"{quoted(value)} is in no finding", advice)
    return value


Code = Annotated[
    str, AfterValidator(_code), WithJsonSchema({"type": "string", "pattern": f"^{_CODE}$"})
]
Reason = Annotated[
    str, AfterValidator(_reason), WithJsonSchema({"type": "string", "pattern": f"^{_REASON}$"})
]


class Ignored(Part):
    """A finding of `rewritegen lint` that is meant to be, and why."""

    code: Code = Field(
        description="The code of the rule; `rewritegen lint --explain CODE` says what it is about.",
        examples=["RG002"],
    )
    reason: Reason = Field(
        description="Why it is right here, for whoever reads the file next.",
        examples=["reached through the VPN only"],
    )
    about: Annotated[str, AfterValidator(_about)] | None = Field(
        None,
        description="Only findings with this text in their key, place or sentence. Default: all of the rule.",
        examples=["fallbacks[0]"],
        strict=True,
    )


class Lint(Part):
    """What `rewritegen lint` does not report."""

    ignore: tuple[Ignored, ...] = Field(
        description="Findings that are meant to be.",
        examples=["[{code: RG002, reason: reached through the VPN only}]"],
        min_length=1,
    )

"""The sites of the mutation check: everything that a rule of a server is there for is in one of them."""

from __future__ import annotations

from dataclasses import replace

from tests.differential.spec import Fallback, Private, SiteSpec

__all__ = ["AUTH", "BESIDE", "LEGACY", "LEGACY_LOST", "LOST_ROOT", "LOST_STATE", "PLAIN", "RICH"]

RICH = SiteSpec(
    "/simple/",
    (
        Private(
            "team",
            "projects",
            ("quxvo-tool", "Quxvo_Lib", "quxvox"),
            claims=("quxvo-*", "quxvoy-secret"),
            public=("quxvo-oss",),
        ),
        Private(
            "house",
            "projects",
            ("zyblof-tool",),
            gone=("zyblof-gone",),
            links=("zyblof-linked",),
            fresh=("zyblof-fresh",),
        ),
        Private("rg-ask", "proxy", ("wraktu-tool",), claims=("wraktu-*",)),
    ),
    (
        Fallback("copy", "bandersnatch", ("maple-oil",)),
        Fallback("public", "proxy", ("lumen", "quxvo-oss")),
    ),
    cache=True,
)
LOST_ROOT = replace(RICH, private=(replace(RICH.private[0], lost=True), *RICH.private[1:]))
LOST_STATE = replace(RICH, lost=True)

#: Without copies every request is seen upstream.
PLAIN = replace(RICH, cache=False)
AUTH = replace(PLAIN, auth=True)

#: Documents beside pages, and what of ours is not in them.
LEGACY = replace(PLAIN, legacy=True)
LEGACY_LOST = replace(LEGACY, private=LOST_ROOT.private)

#: The files of the upstream lie beside its pages.
BESIDE = replace(
    PLAIN, fallbacks=(Fallback("public", "proxy", ("lumen", "quxvo-oss"), links="beside"),)
)

"""URLs that only the configuration itself goes to. From outside they are 404, by the grammar.

Copies lie at ``-/pages/...`` below the mount and ``-/files/...`` below ``/files/``, so that whoever may not read these
may not read copies of them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = [
    "AGAIN_URL",
    "BEGIN_URL",
    "CANONICAL_URL",
    "FILES_PLACE",
    "METHODS_URL",
    "NEVER_ASKED",
    "NEXT_URL",
    "NOT_COMPRESSED",
    "STOP_URL",
    "Phase",
    "pages_place",
]

CANONICAL_URL = "/-/rg_canonical"
METHODS_URL = "/-/rg_only_get_and_head/"
#: An answer went wrong: the request goes on from here, and httpd forgets the error (see ``turns``).
AGAIN_URL = "/-/rg_again/"
#: A source is asked from here; what stands here is the answer if that fails.
BEGIN_URL = "/-/rg_begin/"
#: A source has nothing, or no answer: the steps behind it.
NEXT_URL = "/-/rg_next/"
#: Fails, and httpd reports the error before it.
STOP_URL = "/-/rg_stop"
#: Requests to it have their answer before a connection is made.
NEVER_ASKED = "http://rg_never.invalid/"

FILES_PLACE = "/files/-/files/"

#: What a request wants of a source: a fresh copy, to know whether there is a copy, to renew that copy, an answer, any
#: copy.
Phase: TypeAlias = Literal["look", "have", "renew", "fetch", "kept"]


def pages_place(mount: str) -> str:
    """Return where the pages of upstreams are, as copies or as answers."""
    return f"{mount}-/pages/"


#: The flag that keeps mod_deflate away.
NOT_COMPRESSED = "E=no-gzip:1"

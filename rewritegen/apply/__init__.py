"""``rewritegen apply``: a site becomes the one that a server answers with, or nothing changes."""

from __future__ import annotations

from rewritegen.apply.history import history
from rewritegen.apply.means import Means
from rewritegen.apply.model import ApplyFailedError
from rewritegen.apply.run import Order, apply_site, roll_back
from rewritegen.apply.store import DEFAULT_STATE, Store

__all__ = [
    "DEFAULT_STATE",
    "ApplyFailedError",
    "Means",
    "Order",
    "Store",
    "apply_site",
    "history",
    "roll_back",
]

"""The counts of a log as JSON."""

from __future__ import annotations

from typing import Any

from rewritegen.traffic.tally import Source, Tally

__all__ = ["as_data"]


def as_data(tally: Tally) -> dict[str, Any]:
    """Return the counts as what :mod:`json` takes; times are seconds."""
    begin, seconds, columns = tally.course.columns(200)
    return {
        "requests": tally.requests,
        "not_understood": tally.not_understood,
        "first": tally.first or None,
        "last": tally.last or None,
        "sources": {label: _source(source) for label, source in tally.in_order()},
        "upstreams": {name: _source(one) for name, one in sorted(tally.upstreams.items())},
        "refused": {
            reason: {"total": names.total, "most": dict(names.most(100))}
            for reason, names in sorted(tally.refused.items())
        },
        "course": {"begin": begin, "seconds": seconds, "counts": [dict(one) for one in columns]},
    }


def _source(source: Source) -> dict[str, Any]:
    looked = source.cache.total()
    return {
        "requests": source.requests,
        "bytes": source.size,
        "statuses": {str(status): count for status, count in sorted(source.statuses.items())},
        "cache": dict(sorted(source.cache.items())),
        "hit_ratio": source.hits / looked if looked else None,
        "stale": source.stale,
        "p50": source.times.share(0.5),
        "p95": source.times.share(0.95),
        "max": source.times.most,
    }

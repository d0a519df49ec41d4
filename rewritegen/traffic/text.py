"""The counts of a log as text: a table of sources, what was refused, and a plot over time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime, timezone

from rewritegen.copies.text import bytes_text
from rewritegen.diagnostics import visible
from rewritegen.quantities import Duration
from rewritegen.traffic.count import REASONS
from rewritegen.traffic.tally import Source, Tally

__all__ = ["KINDS", "as_text", "when"]

#: What is plotted, from below to above, and in words.
KINDS = {
    "private": "private",
    "mirror": "mirrors",
    "copy": "copies of proxies",
    "proxy": "proxies",
    "other": "other answers",
    "failed": "failed (5xx)",
}
_BARS = " ▁▂▃▄▅▆▇█"
_HEADS = ("SOURCE", "REQUESTS", "SHARE", "BYTES", "P50", "P95", "MAX", "4XX", "5XX")


def as_text(tally: Tally, width: int) -> str:
    """Return the report; ends with a newline."""
    if not tally.requests and not tally.upstreams:
        return "no request in it\n"
    parts = [list(_table(tally)), list(_copies(tally)), list(_upstreams(tally))]
    parts += [list(_refused(tally, width)), list(_plot(tally, width))]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def when(seconds: int) -> str:
    """Return a time as people read it, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M")


def _table(tally: Tally) -> Iterator[str]:
    if not tally.requests:
        return
    rows: list[tuple[str, ...]] = [_HEADS]
    for label, source in tally.in_order():
        share = f"{100 * source.requests / tally.requests:.0f}%"
        rows.append(
            (visible(label), str(source.requests), share, bytes_text(source.size), *_times(source))
        )
    yield from _aligned(rows)


def _times(source: Source) -> tuple[str, ...]:
    refused = sum(n for status, n in source.statuses.items() if 400 <= status < 500)
    failed = sum(n for status, n in source.statuses.items() if status >= 500)
    return (
        _seconds(source.times.share(0.5)),
        _seconds(source.times.share(0.95)),
        _seconds(source.times.most),
        str(refused),
        str(failed),
    )


def _seconds(seconds: float) -> str:
    if seconds < 0.0005:
        return "0ms"
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.1f}s"


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows in columns: the first one to the left, numbers to the right."""
    wide = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for first, *others in rows:
        cells = [first.ljust(wide[0])]
        cells += [text.rjust(width) for text, width in zip(others, wide[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def _copies(tally: Tally) -> Iterator[str]:
    for label, source in tally.in_order():
        if source.cache:
            looked = source.cache.total()
            yield (
                f"{visible(label)}: {100 * source.hits / looked:.0f}% of {looked} from copies; "
                f"{source.stale} of them stale"
            )


def _upstreams(tally: Tally) -> Iterator[str]:
    if not tally.upstreams:
        return
    rows: list[tuple[str, ...]] = [
        ("ASKED UPSTREAM", "REQUESTS", "P50", "P95", "MAX", "4XX", "5XX")
    ]
    slowest = sorted(
        tally.upstreams.items(), key=lambda item: (-item[1].times.share(0.95), item[0])
    )
    rows += [(visible(name), str(one.requests), *_times(one)) for name, one in slowest]
    yield from _aligned(rows)


def _refused(tally: Tally, width: int) -> Iterator[str]:
    for reason, meaning in REASONS.items():
        names = tally.refused.get(reason)
        if names is None:
            continue
        most = [f"{visible(name)} ({count})" for name, count in names.most(8)]
        more = len(names) - len(most)
        text = f"{meaning}: {', '.join(most)}"
        text += f" and {more} more" if more else ""
        yield from textwrap.wrap(
            f"{names.total} {text}", width, subsequent_indent="    ", break_on_hyphens=False
        )


def _plot(tally: Tally, width: int) -> Iterator[str]:
    room = max(len(words) for words in KINDS.values()) + 2
    begin, seconds, columns = tally.course.columns(width - room - 8)
    if len(columns) < 2:
        return
    yield f"{when(begin)} to {when(tally.last)} UTC, {Duration(seconds)} a column"
    for kind, words in KINDS.items():
        counts = [column[kind] for column in columns]
        most = max(counts)
        if most:
            bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
            yield f"{words.ljust(room)}{bars}  {most}"

"""An explanation as text for people who are looking for a fault: the answer first, then why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rewritegen.decision import Decision
from rewritegen.diagnostics import visible
from rewritegen.explain.blocks import Block
from rewritegen.explain.explanation import Explained, Explainer, Explanation
from rewritegen.explain.here import who
from rewritegen.explain.live import Answer
from rewritegen.servers import SERVER_NAMES
from rewritegen.steps import Available, Reserved
from rewritegen.world import Look

__all__ = ["as_text", "lines_text"]

_BOLD, _GREEN, _RED, _YELLOW, _DIM = "1", "1;32", "1;31", "1;33", "2"
_INDENT = " " * 7


class _Page:
    """Lines of a page of a certain width, in colour or not."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.lines: list[str] = []
        self.width = width
        self._colour = colour

    def say(self, text: str, first: str = "", rest: str = "", tone: str = "") -> None:
        """Add a paragraph; ``first`` stands before its first line and ``rest`` before all others."""
        wrapped = textwrap.wrap(
            visible(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest or " " * len(first),
            # a path that is broken cannot be copied
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in wrapped or [first.rstrip()]:
            painted = self._colour and tone
            self.lines.append(f"\033[{tone}m{line}\033[0m" if painted else line)

    def gap(self) -> None:
        """Add an empty line."""
        self.lines.append("")


def as_text(
    explainer: Explainer,
    explanation: Explanation,
    answer: Answer | None = None,
    *,
    width: int = 100,
    colour: bool = False,
) -> str:
    """Return one explanation; ends with a newline."""
    page = _Page(width, colour=colour)
    request = explanation.request
    page.say(f"{request.method} {request.target}", tone=_BOLD)
    _verdict(page, explanation)
    if answer is not None:
        _live(page, explanation, answer)
    page.gap()
    for rule in explanation.rules:
        _rule(page, explainer, explanation, rule)
    if explanation.unreached:
        page.say(f"not reached: {', '.join(explanation.unreached)}", "       ", tone=_DIM)
    for note in _notes(explainer, explanation):
        page.gap()
        page.say(note, "note: ", tone=_YELLOW)
    return "\n".join(page.lines) + "\n"


def _verdict(page: _Page, explanation: Explanation) -> None:
    outcomes = explanation.outcomes
    if len(outcomes) == 1:
        decision = outcomes[0].decision
        page.say(f"{_answer(decision)}; {_left(decision)}", tone=_tone(decision))
        return
    page.say(
        "what an upstream says decides; nobody has been asked (--ask asks from here)", tone=_YELLOW
    )
    for outcome in outcomes:
        page.say(f"{_answer(outcome.decision)}  if {outcome.condition}", "  ", "      ")


def _answer(decision: Decision) -> str:
    text = f"{decision.status}, X-Index-Source: {decision.source}"
    if decision.location is not None:
        text += f", Location: {decision.location}"
    if decision.path is not None:
        text += f", from {decision.path}"
    return text


def _left(decision: Decision) -> str:
    if not decision.forwarded:
        return "no upstream is asked"
    return f"asked: {', '.join(decision.forwarded)}"


def _tone(decision: Decision) -> str:
    return _GREEN if decision.status < 400 else _RED if decision.status >= 500 else _YELLOW


def _live(page: _Page, explanation: Explanation, answer: Answer) -> None:
    if answer.problem:
        page.say(f"{answer.url} does not answer: {answer.problem}", "live:  ", tone=_RED)
        return
    said = f"{answer.status}, X-Index-Source: {answer.source or 'missing'}"
    if answer.cache:
        said += f", X-Cache: {answer.cache}"
    if answer.location:
        said += f", Location: {answer.location}"
    if answer.fits(explanation.outcomes):
        page.say(f"{said}, as it should be ({answer.url})", "live:  ", tone=_GREEN)
        return
    page.say(f"{said} ({answer.url})", "live:  ", tone=_RED)
    page.say(
        "DIFFERENT from what the site file says: is this its configuration? Compare /-/rewritegen with the "
        "fingerprint that `rewritegen generate` writes, and --ask upstreams",
        "       ",
        tone=_RED,
    )


def _rule(page: _Page, explainer: Explainer, explanation: Explanation, rule: Explained) -> None:
    line = rule.line
    unsure = rule.depends or (line.decided and len(explanation.outcomes) > 1)
    mark = " ?" if unsure else "=>" if line.decided else "  "
    number = f"{rule.number}." if rule.number else "-"
    tone = _BOLD if line.decided or rule.depends else ""
    page.say(line.rule, f"{mark} {number:>3} ", _INDENT, tone)
    for text in _looks(explanation, rule) if explainer.look else ():
        page.say(text, _INDENT, _INDENT + "  ")
    for place in rule.places:
        room = page.width - len(_INDENT) - len(f"{place.file}:{place.line}: ")
        page.say(f"{place.file}:{place.line}: {_cut(place.text, room)}", _INDENT, tone=_DIM)
    if line.decided or rule.depends:
        for where, head in _heads(page, explainer, rule):
            page.say(f"{where}: {head}", _INDENT, tone=_DIM)
        return
    lines = lines_text(rule, explainer)
    if lines:
        page.say(lines, _INDENT, _INDENT + "  ", _DIM)


def _heads(page: _Page, explainer: Explainer, rule: Explained) -> Iterator[tuple[str, str]]:
    """Yield where each block of a rule stands, and how it begins."""
    for name in SERVER_NAMES:
        if name not in explainer.texts.refused:
            for block in rule.lines.get(name, ()):
                where = f"{name}:{_span(block)}"
                yield where, _cut(block.head, page.width - len(_INDENT) - len(where) - 2)


def _cut(text: str, room: int) -> str:
    """Return a line of the site file without what does not fit; a little of it is always shown."""
    text, room = " ".join(text.split()), max(room, 16)
    return text if len(text) <= room else f"{text[: room - 3]}..."


def lines_text(rule: Explained, explainer: Explainer) -> str:
    """Return the generated lines of a rule on both servers, such as ``nginx:12-14 apache:7``."""
    said = []
    for name in SERVER_NAMES:
        if name in explainer.texts.refused:
            continue
        where = ",".join(_span(block) for block in rule.lines.get(name, ()))
        if where:
            said.append(f"{name}:{where}")
    return " ".join(said)


def _span(block: Block) -> str:
    return str(block.first) if block.first == block.last else f"{block.first}-{block.last}"


def _looks(explanation: Explanation, rule: Explained) -> Iterator[str]:
    """Yield what a rule depended on. Of many things that are not there, the first is enough."""
    looks = rule.line.looks
    if (
        isinstance(rule.line.part, Reserved)
        and rule.line.decided
        and not any(look.seen for look in looks)
    ):
        yield "a claim covers it"
        return
    told: list[Look] = [look for look in looks if look.seen and look.what != "answer"]
    told = told[-1:] if told else [look for look in looks if look.what != "copy"][:1]
    for look in told:
        yield _seen(explanation, look, rule)
    hidden = sum(look.what in {"file", "directory", "link"} and not look.seen for look in looks)
    if hidden > 1 and not any(look.seen for look in looks):
        yield f"nor {hidden - 1} other {'place' if hidden == 2 else 'places'} that a page of it could be"


def _seen(explanation: Explanation, look: Look, rule: Explained) -> str:
    if look.what == "answer":
        why = explanation.said.get(look.where, "")
        told = f"{look.seen} from" if why in {"", str(look.seen)} else f"{look.seen} ({why}) from"
        return f"{'asks' if rule.depends else told} {look.where}"
    if look.what == "copy":
        return f"a copy is kept of {look.where}"
    if look.where in explanation.unreadable:
        return f"cannot be looked at: {look.where} ({explanation.unreadable[look.where]})"
    if look.what == "files":
        return f"{'files' if look.seen else 'no file'} in {look.where}"
    if isinstance(rule.line.part, Available):
        return f"{'is there' if look.seen else 'NOT there'}: {look.where}"
    return f"{'there' if look.seen else 'not there'}: {look.where}"


def _notes(explainer: Explainer, explanation: Explanation) -> Iterator[str]:
    if explanation.unreadable:
        paths = sorted(explanation.unreadable)
        yield (
            f"{who()} may not look at {', '.join(paths[:3])}{' and others' if len(paths) > 3 else ''}, so that "
            "the server may decide otherwise: run this as its user (sudo -u www-data) or as root"
        )
    for marker in explanation.missing:
        if marker not in explanation.unreadable:
            yield (
                f"{marker} is not there. On the server: is the disk mounted? If it is new, `rewritegen index` has "
                "not seen it yet. On another machine, --no-files explains without looking at directories"
            )
    if not explainer.look:
        yield "no directory was looked at: as if all were there, and empty (--no-files)"
    for name, why in explainer.texts.refused.items():
        yield f"{name} cannot serve this site: {why}"
    plan = explainer.plan
    if plan.copies is not None and len(explanation.outcomes) > 1:
        yield (
            "a copy answers instead while it is fresh, or when the upstream does not answer: "
            f"`rewritegen cache {explainer.site.file} list NAME`"
        )

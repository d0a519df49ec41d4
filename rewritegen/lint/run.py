"""All rules over a site: what they find, without what the site file ignores with a reason, as a report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from rewritegen.ignored import Ignored
from rewritegen.lint import (
    apache_rules,
    dependency_rules,
    directory_rules,
    listing_rules,
    nginx_rules,
    site_rules,
    text_rules,
    tree_rules,
)
from rewritegen.lint.context import Context
from rewritegen.lint.rule import Found, Rule
from rewritegen.reports import Finding, Report

__all__ = ["RULES", "UNUSED", "run_lint"]

#: A suppression is no rule of its own: it is looked at when all others have been.
UNUSED = Rule(
    "RG010",
    "warning",
    "site",
    "A finding is ignored that does not exist",
    "what is ignored for a reason that has gone hides the next finding of this kind",
    "remove the entry; directories are looked at on the server only, and not with --no-files",
    lambda _: iter(()),
)

RULES: dict[str, Rule] = dict(
    sorted(
        {
            **site_rules.RULES,
            UNUSED.code: UNUSED,
            **directory_rules.RULES,
            **listing_rules.RULES,
            **tree_rules.RULES,
            **dependency_rules.RULES,
            **text_rules.RULES,
            **nginx_rules.RULES,
            **apache_rules.RULES,
        }.items()
    )
)

_FAMILIES = {"site": "site file", "directories": "directories", "text": "generated text"}


def run_lint(context: Context, rules: Mapping[str, Rule] = RULES) -> Report:
    """Look at a site with these rules; with those about directories only where the context says so."""
    begun = time.monotonic()
    ignored = context.site.lint.ignore if context.site.lint is not None else ()
    findings: list[Finding] = []
    used: set[int] = set()
    looked = [rule for rule in rules.values() if context.look or rule.about != "directories"]
    for rule in looked:
        found = [_finding(context, rule, one) for one in rule.look(context)]
        kept = [one for one in found if not _is_ignored(one, ignored, used)]
        findings += kept
        if not kept and rule is not UNUSED:
            title = f"{rule.summary}: not found"
            findings.append(Finding(rule.code, "ok", title, family=_FAMILIES[rule.about]))
    findings += _unused(context, ignored, used, {rule.code for rule in looked})
    reasons = {code: f"{rule.summary}: {rule.reason}" for code, rule in RULES.items()}
    facts = [("rules", str(len(looked)))]
    if ignored:
        facts.append(("ignored", str(len(used))))
    return Report(
        "lint",
        context.site.document.file if context.site.document else context.site.file,
        tuple(findings),
        reasons,
        tuple(facts),
        time.monotonic() - begun,
    )


def _finding(context: Context, rule: Rule, found: Found) -> Finding:
    return Finding(
        rule.code,
        rule.severity,
        found.message,
        came=found.came,
        next_step=rule.fix,
        family=_FAMILIES[rule.about],
        subject=found.subject,
        key=found.key,
        place=context.site.place(found.key) if found.key else None,
    )


def _is_ignored(finding: Finding, ignored: tuple[Ignored, ...], used: set[int]) -> bool:
    """Tell whether the site file ignores a finding, and note that this entry is of use."""
    for number, entry in enumerate(ignored):
        about = entry.about
        if entry.code == finding.code and (about is None or about in _words(finding)):
            used.add(number)
            return True
    return False


def _words(finding: Finding) -> str:
    return f"{finding.key} {finding.subject} {finding.title}"


def _unused(
    context: Context, ignored: tuple[Ignored, ...], used: set[int], looked: set[str]
) -> Iterator[Finding]:
    for number, entry in enumerate(ignored):
        if number in used or (entry.code in RULES and entry.code not in looked):
            continue
        message = f"nothing is found by {entry.code} that this entry could ignore"
        if entry.code not in RULES:
            message = f"there is no rule {entry.code}"
        yield _finding(context, UNUSED, Found(message, f"lint.ignore[{number}].code"))

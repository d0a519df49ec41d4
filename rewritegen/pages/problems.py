"""What ``rewritegen index`` complains about: stable codes, one sentence each; the rest of the tree is indexed."""

from __future__ import annotations

from typing import NamedTuple

from rewritegen.diagnostics import Problem, visible

__all__ = ["CODES", "Problem", "problem", "shown"]


class _Code(NamedTuple):
    why: str
    help: str
    warning: bool = False


_TABLE = {
    "RG501": _Code(
        "a root that cannot be read is not an empty root: its pages and names stay as they are",
        "mount it, or let the user of `rewritegen index` read it",
    ),
    "RG502": _Code(
        "without its marker a private root may be an empty mount point: nothing of it is changed",
        "mount it; if this is the right directory, create an empty `.rewritegen-root` in it",
    ),
    "RG503": _Code(
        "only a valid project name can be asked for, so nothing below this directory can be found",
        "rename the directory to the name of its project",
    ),
    "RG504": _Code(
        "two spellings of one name are one project, and files of two directories are not mixed",
        "move the files into one of the two directories",
    ),
    "RG505": _Code(
        "a link that leads nowhere has no files; a project of that name stays private all the same",
        "mount or restore what the link points to, or remove the link",
    ),
    "RG506": _Code(
        "an installer reads project and version from the file name",
        "build the package again with a current tool",
    ),
    "RG507": _Code(
        "file names become URLs; this one is outside the grammar that the site serves, or too long",
        "rename the file, or build it again with a current tool",
    ),
    "RG508": _Code(
        "a file is never served under another project than its own",
        "move the file into the directory of its own project, or build it again",
    ),
    "RG509": _Code("a damaged archive cannot be installed", "copy the file here again"),
    "RG510": _Code(
        "metadata that is missing or contradicts the file name makes installers fail later",
        "build the package again with a current tool",
    ),
    "RG511": _Code(
        "what cannot be read has no hash; the web server could not serve it either",
        "let the users of `rewritegen index` and of the web server read it",
    ),
    "RG512": _Code(
        "only regular files can be served; opening a pipe would wait for ever",
        "remove it",
    ),
    "RG513": _Code(
        "the hash of a file that is being written is wrong a moment later",
        "run `rewritegen index` again; copy packages under another name first, then rename them",
    ),
    "RG514": _Code(
        "a specifier that cannot be read makes installers skip the file, or the whole page",
        "mend `requires-python` in the project and build it again; it is offered without it",
        warning=True,
    ),
    "RG515": _Code(
        "the states of a project are those of PEP 792",
        "write active, archived, deprecated or quarantined, then a blank and the reason",
    ),
    "RG516": _Code(
        "with `layout: projects` a file belongs to the directory that it lies in",
        "move it into a directory named like its project, or use `layout: flat`",
    ),
    "RG517": _Code(
        "no current installer takes this format",
        "build a wheel or an sdist",
        warning=True,
    ),
    "RG518": _Code(
        "without its state a site answers 503, or pages of yesterday",
        "let the user of `rewritegen index` write there, or make room",
    ),
    "RG519": _Code(
        "a sidecar that is too large or unreadable says nothing",
        "write a short line of UTF-8 text into it",
    ),
    "RG520": _Code(
        "a scanned name that is lost is not private until it is written again: a fallback was asked for it",
        "they are written again; claim such names, and after a restore keep `~rewritegen-names` away until this ran",
    ),
    "RG521": _Code(
        "links in it cannot be found, so that the page of before stays, or the project has none",
        "let the tool that makes the tree write the page again",
    ),
}

#: Every code of ``rewritegen index`` and why it is a problem at all, as in :data:`rewritegen.diagnostics.CODES`.
CODES: dict[str, str] = {code: entry.why for code, entry in _TABLE.items()}


def problem(code: str, message: str) -> Problem:
    """Return the problem of this code; the message names the file, in lower case, without a full stop."""
    entry = _TABLE[code]
    severity = "warning" if entry.warning else "error"
    return Problem(code, message, None, entry.help, severity)  # type: ignore[arg-type]


def shown(path: object) -> str:
    """Return a path between backticks, with nothing in it that a terminal would obey."""
    return f"`{visible(str(path))}`"

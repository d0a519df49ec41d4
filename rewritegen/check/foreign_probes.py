"""Probes of an index that we did not configure: one family of the report is one invariant."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from rewritegen.check.documents import (
    Document,
    Offered,
    UnreadableError,
    project_of,
    read_page,
    resolved,
)
from rewritegen.check.pages import archives
from rewritegen.check.results import About, Results
from rewritegen.check.wire import Answer, Ask, Wire
from rewritegen.names import NormalizedName
from rewritegen.representations import JSON

__all__ = ["Private", "Probes"]

_OURS = About("private names are answered here")
_MERGED = About("private pages are not merged")
_ABSENT = About("absent private names are not looked for elsewhere")
_SPELLED = About("every spelling goes the same way")
_METHODS = About("uploads are refused or stay here")
_FORMS = About("pages as installers need them")
_FILES = About("files as their page says")
_PUBLIC = About("public names are answered")
_NOBODY = About("unknown names are 404")

_MOST_BYTES = 16 << 20


class Private(NamedTuple):
    """A name that is private, and the versions of it that are ours; none: not known."""

    name: NormalizedName
    versions: tuple[str, ...] = ()


@dataclass(slots=True)
class Probes:
    """What can be asked of any index."""

    wire: Wire
    results: Results

    # ------------------------------------------------------------------ private

    def private(self, private: Private) -> None:
        """Look at a private project that is there."""
        see = self.results.see
        ask, answer = self._get(private.name)
        document = self._document(ask, answer)
        see("RG992", document is not None, _OURS, ask.line, "200, a page", self._said(ask, answer))
        if document is None:
            return
        offered = archives(document.files)
        others = [
            file.filename
            for file in offered
            if project_of(file.filename) not in (None, private.name)
        ]
        see("RG912", not others, _OURS, ask.line, f"files of {private.name}", ", ".join(others[:3]))
        outside = [
            file.url for file in offered if not file.url.startswith(f"{self.wire.target.origin}/")
        ]
        see(
            "RG917",
            not outside,
            _OURS,
            ask.line,
            f"links on {self.wire.target.origin}",
            ", ".join(outside[:3]),
        )
        self._merged(ask, private, offered)
        self._forms(private.name, ask, answer)
        if offered and not outside:
            self._file(offered[0])

    def _merged(self, ask: Ask, private: Private, offered: list[Offered]) -> None:
        if not private.versions:
            words = f"the versions of {private.name} that are ours are not known"
            self.results.note(
                "RG993", _MERGED, words, f"say which: --private {private.name}:1.0,1.1"
            )
            return
        strange = [
            file.filename for file in offered if not _is_version(file.filename, private.versions)
        ]
        said = f"versions {', '.join(private.versions)} only"
        self.results.see("RG993", not strange, _MERGED, ask.line, said, ", ".join(strange[:3]))

    def _forms(self, name: NormalizedName, ask: Ask, html: Answer) -> None:
        see = self.results.see
        json_ask, json_page = self._get(name, JSON.content_type)
        is_json = json_page.status == 200 and json_page.media_type == JSON.content_type
        see(
            "RG995",
            is_json,
            _FORMS,
            json_ask.line,
            JSON.content_type,
            f"{json_page.said}, {json_page.media_type}",
            severity="warning",
        )
        if is_json:
            varies = "accept" in json_page.vary and "accept" in html.vary
            see(
                "RG915",
                varies,
                _FORMS,
                ask.line,
                "Vary: Accept on both",
                f"Vary: {html.one('Vary')}; {json_page.one('Vary')}",
                severity="warning",
            )
        head_ask, head = self._get(name, "text/html", method="HEAD")
        see("RG922", head.status == html.status, _FORMS, head_ask.line, html.said, head.said)

    def _file(self, file: Offered) -> None:
        see = self.results.see
        path = file.url.removeprefix(self.wire.target.origin)
        ask = Ask(path, "HEAD")
        head = self.wire.ask(ask)
        if not see("RG918", head.status == 200, _FILES, ask.line, "200", head.said):
            return
        length = head.one("Content-Length")
        if length.isdigit() and int(length) <= _MOST_BYTES:
            ask = Ask(path)
            answer = self.wire.ask(ask)
            digest = hashlib.sha256(answer.body).hexdigest()
            if re.fullmatch("[0-9a-fA-F]{64}", file.sha256):
                see(
                    "RG919",
                    digest == file.sha256,
                    _FILES,
                    ask.line,
                    f"sha256 {file.sha256}",
                    f"sha256 {digest}",
                )
        ask = Ask(path, headers=(("Range", "bytes=0-0"),))
        part = self.wire.ask(ask)
        came = self._said(ask, part)
        see("RG923", part.status == 206, _FILES, ask.line, "206", came, severity="warning")
        if file.metadata is not None:
            ask = Ask(f"{path}.metadata")
            metadata = self.wire.ask(ask)
            see("RG921", metadata.status == 200, _FILES, ask.line, "200", metadata.said)

    def absent(self, name: NormalizedName) -> None:
        """Ask for a private name of which nothing is there."""
        for accept in ("text/html", JSON.content_type):
            ask, answer = self._get(name, accept)
            document = self._document(ask, answer)
            empty = document is not None and not document.files
            code = "RG965" if empty else "RG994"
            # "not for you" and "not here" are both said here
            right = answer.status in (401, 403, 404)
            if right:
                self.results.see("RG994", True, _ABSENT)
            else:
                self.results.see(code, False, _ABSENT, ask.line, "404", self._said(ask, answer))

    def spellings(self, name: NormalizedName) -> None:
        """Ask for a private name in other spellings."""
        right, wrong = self._get(name), []
        for raw in dict.fromkeys((name.upper(), name.replace("-", "_"), name.replace("-", "._-"))):
            if raw == name:
                continue
            ask = Ask(f"{self.wire.target.mount}{raw}/", headers=(("Accept", "text/html"),))
            answer = self.wire.ask(ask)
            if not self._is_same(name, ask, answer, right[1]):
                wrong.append((ask, answer))
        for ask, answer in wrong:
            said = "the canonical URL, the same page, or 404"
            self.results.see("RG940", False, _SPELLED, ask.line, said, self._said(ask, answer))
        if not wrong:
            self.results.see("RG940", True, _SPELLED)

    def _is_same(self, name: NormalizedName, ask: Ask, answer: Answer, right: Answer) -> bool:
        if answer.status in (301, 302, 303, 307, 308):
            return self._lands(ask, answer) == self.wire.target.address(self.page(name))
        if answer.status == 404:
            return True
        one, other = self._document(ask, answer), self._document(ask, right)
        return one is not None and other is not None and one.filenames == other.filenames

    def uploads(self, name: NormalizedName) -> None:
        """Nothing that could be taken for an upload is sent: a method that no index has, and an empty body."""
        for method in ("PUT", "BREW"):
            ask = Ask(self.page(name), method)
            answer = self.wire.ask(ask)
            right = answer.status >= 400 and answer.status not in (502, 504)
            came = self._said(ask, answer)
            self.results.see(
                "RG943", right, _METHODS, ask.line, "refused here", came, severity="warning"
            )

    # ------------------------------------------------------------------ public

    def public(self, name: NormalizedName) -> None:
        """Ask for a public project."""
        ask, answer = self._get(name)
        lands = self._lands(ask, answer)
        right = self._document(ask, answer) is not None or (
            answer.status in (301, 302, 303, 307) and lands
        )
        self.results.see(
            "RG960",
            right,
            _PUBLIC,
            ask.line,
            "a page, or a redirect to one",
            self._said(ask, answer),
        )

    def nobodys(self, name: NormalizedName) -> None:
        """Ask for a name that nobody has."""
        ask, answer = self._get(name)
        if answer.status in (301, 302, 303, 307):
            words = f"it is sent to {self._lands(ask, answer)}: what is said there is not looked at"
            self.results.note("RG965", _NOBODY, words)
            return
        if answer.status in (502, 503, 504):
            self.results.see(
                "RG963", False, _NOBODY, ask.line, "404", answer.said, severity="warning"
            )
            return
        self.results.see(
            "RG965", answer.status == 404, _NOBODY, ask.line, "404", self._said(ask, answer)
        )

    # ------------------------------------------------------------------ asking

    def page(self, name: NormalizedName) -> str:
        """Return the path of a project's page."""
        return f"{self.wire.target.mount}{name}/"

    def _get(
        self, name: NormalizedName, accept: str = "text/html", method: str = "GET"
    ) -> tuple[Ask, Answer]:
        ask = Ask(self.page(name), method, (("Accept", accept),))
        return ask, self.wire.ask(ask)

    def _document(self, ask: Ask, answer: Answer) -> Document | None:
        if answer.status != 200:
            return None
        try:
            return read_page(answer.media_type, answer.body, self.wire.target.address(ask.target))
        except UnreadableError:
            return None

    def _lands(self, ask: Ask, answer: Answer) -> str:
        return resolved(self.wire.target.address(ask.target), answer.one("Location"))

    def _said(self, ask: Ask, answer: Answer) -> str:
        """The answer in a few words: there is no X-Index-Source here, but the files that a page has."""
        words = answer.said.replace(", no X-Index-Source", "")
        document = self._document(ask, answer)
        if document is None:
            return words
        names = sorted(document.filenames)
        return f"{words}, {len(names)} files {', '.join(names[:3])}"


def _is_version(filename: str, versions: tuple[str, ...]) -> bool:
    """Tell whether a file is of one of these versions; wheels and sdists only, others count as ours."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )
    from packaging.version import InvalidVersion, Version

    try:
        if filename.endswith(".whl"):
            found = parse_wheel_filename(filename)[1]
        elif filename.endswith((".tar.gz", ".zip")):
            found = parse_sdist_filename(filename)[1]
        else:
            return True
        return found in {Version(version) for version in versions}
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False

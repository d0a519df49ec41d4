"""Index servers that do not run here, each as a stand-in whose pages have just the form that its source or issues show.

What is imitated is what a site sees of them: the URLs that they answer, the names that they know a project by, the form
of the links, and what they say of a project that they do not have. Each class names where that was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from tests.support.exchange import Recorded, Reply
from tests.support.recorder import Recorder

__all__ = ["Artifactory", "EggBasket", "GitLab", "Haufe", "Nexus", "Psc", "StandIn"]

Projects = Mapping[str, Mapping[str, bytes]]


class StandIn(Recorder):
    """Pages and files by their path; everything else is 404."""

    index = "/"
    """The path that names of projects are appended to."""
    slash = True
    """A page is at ``NAME/`` only; else also, or only, without the slash."""

    def __init__(self, projects: Projects) -> None:
        super().__init__()
        self.projects = projects

    @property
    def url(self) -> str:
        """The URL of the index."""
        return self.origin + self.index

    def known(self, registered: str) -> str:
        """The name by which a project is asked for."""
        return canonicalize_name(registered)

    def place(self, name: str, file: str, content: bytes) -> str:
        """The path of a file."""
        raise NotImplementedError

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """The page of a project."""
        raise NotImplementedError

    def absent(self, name: str) -> Reply:
        """What is said of a project that is not here."""
        del name
        return Reply(404, {"Content-Type": "text/html"}, b"<html><body>not found</body></html>")

    def reply(self, request: Recorded) -> Reply:
        """A page, a file, or what stands for 404."""
        path = unquote(request.target)
        for registered, files in self.projects.items():
            name = self.known(registered)
            if path in self._pages(name):
                body = self.page(name, files).encode()
                return Reply(200, {"Content-Type": "text/html;charset=utf-8"}, body)
            for file, content in files.items():
                if path == self.place(name, file, content):
                    return Reply(200, {"Content-Type": "application/octet-stream"}, content)
        name = path.removeprefix(self.index).rstrip("/")
        if path.startswith(self.index) and name and "/" not in name:
            return self.absent(name)
        return Reply(404, {"Content-Type": "text/plain"}, b"no such URL")

    def _pages(self, name: str) -> Iterator[str]:
        yield f"{self.index}{name}/"
        if not self.slash:
            yield f"{self.index}{name}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Artifactory(StandIn):
    """A local repository of Artifactory; the page is that of astral-sh/uv#11089."""

    index = "/artifactory/api/pypi/local/simple/"

    def place(self, name: str, file: str, content: bytes) -> str:
        """``packages/`` is beside ``simple/``."""
        return f"/artifactory/api/pypi/local/packages/{name}/1.0/{file}"

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """Relative links, two levels up."""
        links = "\n".join(
            f'<a href="../../packages/{name}/1.0/{file}#sha256={_sha256(content)}" rel="internal">{file}</a>'
            for file, content in files.items()
        )
        head = '<title>Simple Index</title><meta name="api-version" value="2" />'
        return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{links}\n</body></html>"


class Nexus(StandIn):
    """A group of Nexus repositories: links as in sonatype/nexus-public#1006, the empty page as in astral-sh/uv#7273."""

    index = "/repository/group/simple/"

    def place(self, name: str, file: str, content: bytes) -> str:
        """``packages/`` is beside ``simple/``."""
        return f"/repository/group/packages/{name}/1.0/{file}"

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """Relative links, two levels up."""
        links = "".join(
            f'<a href="../../packages/{name}/1.0/{file}#sha256={_sha256(content)}" rel="internal">{file}</a><br/>\n'
            for file, content in files.items()
        )
        head = f"<title>Links for {name}</title>"
        body = f"<h1>Links for {name}</h1>\n{links}"
        return f'<html lang="en">\n<head>{head}</head>\n<body>{body}</body>\n</html>\n'

    def absent(self, name: str) -> Reply:
        """A page without links."""
        headers = {"Content-Type": "text/html;charset=utf-8"}
        return Reply(200, headers, self.page(name, {}).encode())


class GitLab(StandIn):
    """The package registry of a project: Packages::Pypi::SimplePresenterBase and SimplePackageVersionsPresenter."""

    index = "/api/v4/projects/7/packages/pypi/simple/"
    slash = False

    def place(self, name: str, file: str, content: bytes) -> str:
        """By the hash of the file."""
        return f"/api/v4/projects/7/packages/pypi/files/{_sha256(content)}/{file}"

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """Absolute links below ``external_url``."""
        links = "".join(
            f'<a href="{self.origin}{self.place(name, file, content)}#sha256={_sha256(content)}" '
            f'data-requires-python="">{escape(file)}</a><br>'
            for file, content in files.items()
        )
        return f"""<!DOCTYPE html>
        <html>
          <head>
            <title>Links for {name}</title>
          </head>
          <body>
            <h1>Links for {name}</h1>
            {links}
          </body>
        </html>
"""


class Haufe(StandIn):
    """haufe.eggserver 0.2.6, eggsrv.py: a project is a directory, found by the name that it was uploaded with."""

    index = "/eggs/"
    slash = False

    def known(self, registered: str) -> str:
        """As registered."""
        return registered

    def place(self, name: str, file: str, content: bytes) -> str:
        """Beside the page."""
        return f"/eggs/{name}/{file}"

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """Bare names, no hashes."""
        links = "".join(f'<a href="{file}">{file}</a><br/>' for file in files)
        return f"<html><body>\n{links}</body></html>\n"


class Psc(StandIn):
    """Products.PloneSoftwareCenter 1.6.4, namespace/pypisimple.py: found by the distutils id as it was registered.

    ``self.projects == []`` is never true, because that is an iterator by now: what is not here is a page without links.
    """

    index = "/site/psc/++simple++/"
    slash = False

    def known(self, registered: str) -> str:
        """As registered."""
        return registered

    def place(self, name: str, file: str, content: bytes) -> str:
        """By the id of the project in Zope, which is another one."""
        return f"/site/psc/{canonicalize_name(name)}-project/releases/1.0/{file}"

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """``absolute_url()`` of each file, and the home page."""
        links = "".join(
            f'\n  <a title="{file}" href="{self.origin}{self.place(name, file, content)}">{file}</a>\n  '
            for file, content in files.items()
        )
        if files:
            homepage = (
                '<a title="homepage" href="http://home.example.org/" rel="homepage">homepage</a>'
            )
            links += f"\n  {homepage}\n  "
        return f"""<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>Links for {name}</title>
 </head>
 <body>
  <p>This page is generated automatically by PloneSoftwareCenter</p>
  <h1>Links for {name}</h1>
  {links}
 </body>
</html>
"""

    def absent(self, name: str) -> Reply:
        """A page without links."""
        headers = {"Content-Type": "text/html;charset=utf-8"}
        return Reply(200, headers, self.page(name, {}).encode())


class EggBasket(StandIn):
    """EggBasket 0.6b, controllers/packages.py and templates/package_files.html: a directory by its name."""

    index = "/package/"
    slash = False

    def known(self, registered: str) -> str:
        """As registered."""
        return registered

    def place(self, name: str, file: str, content: bytes) -> str:
        """One place for all files."""
        return f"/package/download/{name}/{file}"

    def page(self, name: str, files: Mapping[str, bytes]) -> str:
        """``tg.url()``: from the root of the host; other links of a row are to its own pages."""
        rows = "".join(
            f'<tr class="even"><td class="pkgfile-filename">\n'
            f'<a href="/package/download/{name}/{file}">{file}</a></td>\n<td class="pkgfile-action">\n'
            f'<a href="/package/info?package={name}&amp;filename={file}">Meta data</a></td></tr>\n'
            for file in files
        )
        return (
            f"<html><head><title>EggBasket: {name} distribution files</title></head>\n<body>\n"
            f'<p class="breadcrumbs"><a href="/">Package list</a> &gt; {name}</p>\n'
            f'<table id="package-files"><tbody>{rows}</tbody></table>\n</body></html>\n'
        )

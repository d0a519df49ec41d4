"""What is looked at of private projects, claims, and the shapes of requests: the promise itself."""

from __future__ import annotations

from rewritegen.check.rule import HAND, INDEX, Rule

__all__ = ["PAGES"]

PAGES: dict[str, Rule] = {
    # ------------------------------------------------------------------ private projects
    "RG910": Rule(
        "private projects have their page",
        "a private project has no page",
        "a private project that is listed must be there",
        f"{INDEX}, and see that the directories are mounted and readable",
    ),
    "RG911": Rule(
        "private projects come from their private source",
        "a private name is answered by another source",
        "substitution: a client gets a stranger's bytes under a private name",
        HAND,
    ),
    "RG912": Rule(
        "pages are of the project that was asked for",
        "a page is of another project",
        "installers take what the page offers",
        f"{INDEX}; a cache in front must have the whole URL in its key",
    ),
    "RG913": Rule(
        "pages have the type that was asked for",
        "a page has another type than was asked for",
        "uv stops at a page without its type, pip reads JSON as HTML and finds nothing",
        HAND,
    ),
    "RG914": Rule(
        "pages are whole",
        "a page cannot be read, or breaks off",
        "half a page is a project with fewer files, which nobody notices",
        INDEX,
    ),
    "RG915": Rule(
        "pages say Vary",
        "a page does not say `Vary: Accept, Accept-Encoding`",
        "a shared cache without it hands HTML to a client that asked for JSON",
        HAND,
    ),
    "RG916": Rule(
        "pages say how long they hold",
        "Cache-Control is not the one that is generated",
        "pip hides a new private release for as long as the page says that it holds",
        HAND,
    ),
    "RG917": Rule(
        "links stay in this index",
        "a page links to somewhere else",
        "clients follow links: to a host that is closed, or to one that is not ours",
        "add the host to `files:` of the source, or choose its `kind`, and generate again",
    ),
    "RG918": Rule(
        "files are there",
        "a file that a page offers is not there",
        "a page that offers what cannot be had stops the installation",
        INDEX,
    ),
    "RG919": Rule(
        "files have the hash that their page says",
        "a file is not the one that its page says",
        "installers refuse a file with another hash; somebody changed the file or the page",
        f"find out who changed the file, then {INDEX[0].lower()}{INDEX[1:]}",
    ),
    "RG920": Rule(
        "files are octets",
        "a file is compressed on the way, or has another type",
        "the hash in the page is that of the bytes on the disk",
        HAND,
    ),
    "RG921": Rule(
        "advertised metadata is there",
        "metadata is advertised and is not there, or is another",
        "pip and uv stop at metadata that is advertised and cannot be had",
        INDEX,
    ),
    "RG922": Rule(
        "HEAD is GET without a body",
        "HEAD says something else than GET",
        "uv asks for the size of a wheel by HEAD",
        HAND,
    ),
    "RG923": Rule(
        "parts of files can be had",
        "a part of a file cannot be had",
        "lazy wheels and resumed downloads ask for ranges",
        HAND,
    ),
    "RG924": Rule(
        "the representations offer the same files",
        "the representations of a page offer different files",
        "what a client gets must not depend on its age",
        INDEX,
    ),
    "RG925": Rule(
        "pages are compressed for those who ask, and only for them",
        "compression is wrong",
        "a client that did not ask for gzip cannot read it; without it, pages are five times as large",
        HAND,
    ),
    "RG926": Rule(
        "conditions change no decision",
        "a conditional request gets another answer",
        "a request with If-None-Match goes another way through a server",
        HAND,
    ),
    "RG927": Rule(
        "pages do nothing in a browser",
        "a page does not say that it is only to be looked at",
        "a script in an upstream's page runs on the origin of this index, reads the private names and sends them away",
        HAND,
    ),
    # ------------------------------------------------------------------ claims
    "RG930": Rule(
        "claimed names are answered here",
        "a claimed name is not answered with 404 here",
        "a claim holds also when no file of it exists",
        HAND,
    ),
    "RG931": Rule(
        "claimed names are asked of no fallback",
        "a claimed name goes to a fallback",
        "disclosure and substitution: the name leaves, and whoever registers it is installed",
        HAND,
    ),
    "RG932": Rule(
        "files of claimed names come from no public source",
        "a file of a claimed name is asked of a public source",
        "a page that was never served cannot have led there: somebody is guessing",
        HAND,
    ),
    "RG933": Rule(
        "what a private project does not have is 404 here",
        "a missing file of a private project is not 404 here",
        "the files of a private project have its owner, also those that do not exist",
        HAND,
    ),
    # ------------------------------------------------------------------ shapes of requests
    "RG940": Rule(
        "other spellings lead to the canonical URL",
        "another spelling does not lead to the canonical URL",
        "old installers ask for the name as it is written; it must not go its own way",
        HAND,
    ),
    "RG941": Rule(
        "redirects stay where the client is",
        "a redirect leads away from the URL that clients use",
        "behind TLS or at a sub-path, the server knows neither scheme nor port: an absolute URL leads to the inner one",
        "nginx: absolute_redirect off; a front that serves a sub-path must rewrite Location",
    ),
    "RG942": Rule(
        "what the grammar does not have is refused here",
        "a request outside the grammar is not refused here",
        "what is decoded in one place and forwarded from another carries a private name past the rules",
        HAND,
    ),
    "RG943": Rule(
        "only GET and HEAD are served",
        "another method than GET and HEAD is not refused with 405",
        "an upload carries the private wheel in its body; it must not be forwarded",
        HAND,
    ),
    "RG944": Rule(
        "queries change nothing",
        "a query changes the answer",
        "a query that is looked at, or passed on, is another way for a name to get out",
        HAND,
    ),
}

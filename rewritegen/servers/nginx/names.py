"""The names that the generated text invents at http level, and the maps behind its variables.

Several sites may be included in one nginx, so each of these names ends with four characters of the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rewritegen.kinds import Empty
from rewritegen.names import ClaimSet, NormalizedName
from rewritegen.plan import Plan
from rewritegen.servers.nginx import shared
from rewritegen.servers.nginx.empty_pages import empty_map
from rewritegen.servers.nginx.quoting import (
    argument,
    comment,
    map_key,
    pattern,
    value,
    verbose_pattern,
)
from rewritegen.servers.nginx.view import Map

__all__ = ["Names", "What"]

#: nginx's default for a bucket is one cache line, 64 bytes on the processors in use; this is the longest key in it.
_LONGEST_KEY = 46
#: With nginx's defaults, more keys than this may not fit into its hash.
_MOST_KEYS = 100

#: nginx reads arguments of up to 4096 bytes; a long pattern gets a line break and blanks for each line.
_MOST_CHARACTERS = 2500

_INDENT = "    "

#: Of an upstream's answer. Of two types, the variable of the upstream is the first, and nginx sends the last.
_SEEN = '"$status $upstream_http_content_encoding $sent_http_content_type"'
#: A login form or an error with status 200 is no page (PEP 691 has the types), and one that is compressed, though that
#: was not asked for, has the upstream's links.
_PAGE = r"^200[ ][ ](?:text/html|application/vnd\.pypi\.simple\.v1\+(?:json|html))[ ]*(?:;|$)"
#: The same for the legacy JSON.
_DOCUMENT = r"^200[ ][ ]application/json[ ]*(?:;|$)"

#: What an upstream is asked for.
What: TypeAlias = Literal["page", "document", "file"]


@dataclass(slots=True)
class Names:
    """Hands out variables, and remembers which maps they need."""

    plan: Plan
    site: str
    _shared: set[str] = field(default_factory=set)
    _claimed: dict[ClaimSet, tuple[str, str]] = field(default_factory=dict)
    _hidden: list[ClaimSet] = field(default_factory=list)
    _kept: list[tuple[str, What]] = field(default_factory=list)
    _astray: dict[bool, str] = field(default_factory=dict)
    _spelled: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)
    _empty: list[Empty] = field(default_factory=list)
    _by_empty: list[tuple[Empty, str, str]] = field(default_factory=list)

    def shared(self, word: str) -> str:
        """Return the variable of a map that is the same for every site."""
        self._shared.add(word)
        return shared.variable(word)

    @property
    def forms(self) -> tuple[str, str, str]:
        """The variables that end the name of a page's file: what is wanted, and the two that will do."""
        return (self.shared(shared.FORM), self.shared(shared.SECOND), self.shared(shared.THIRD))

    @property
    def denied(self) -> str:
        """The variable that is 1 for a request outside the grammar."""
        return f"$rg_denied_{self.site}"

    def claimed(self, claims: ClaimSet, owner: str = "") -> str:
        """Return the variable that is 1 for a claimed name; ``owner`` is the one source whose claims they are."""
        if claims not in self._claimed:
            number = len(self._claimed) + 1
            self._claimed[claims] = (f"$rg_owned{_from_two(number)}_{self.site}", owner)
        return self._claimed[claims][0]

    def hidden(self, claims: ClaimSet) -> str:
        """Return the variable that is 1 for a path with a file of a claimed project in it."""
        if claims not in self._hidden:
            self._hidden.append(claims)
        return f"$rg_hidden{_from_two(self._hidden.index(claims) + 1)}_{self.site}"

    def kept(self, cache_control: str, what: What) -> str:
        """Return the variable that holds a Cache-Control for what may be kept, and nothing for any other answer."""
        if (cache_control, what) not in self._kept:
            self._kept.append((cache_control, what))
        return f"$rg_keep{_from_two(self._kept.index((cache_control, what)) + 1)}_{self.site}"

    def spelled(self, owner: str, names: tuple[tuple[str, str], ...]) -> str:
        """Return the variable that holds the name as an index has it."""
        self._spelled.setdefault(names, owner)
        return f"$rg_spelled{_from_two(list(self._spelled).index(names) + 1)}_{self.site}"

    def astray(self, path: str, empty: Empty | None, absent: str, *, document: bool) -> str:
        """Return the variable that holds ``path`` for what is no page where one was asked for, else nothing.

        :param absent: what it holds for an empty page.
        """
        self._astray[document] = path
        word = "rg_astray_json" if document else "rg_astray"
        return self._where(empty, f"${word}_{self.site}", absent)

    def unless_empty(self, empty: Empty | None, variable: str) -> str:
        """Return the variable that holds what another one does, but nothing for an empty page."""
        return self._where(empty, variable, '""') if variable else ""

    def _where(self, empty: Empty | None, variable: str, absent: str) -> str:
        if empty is None:
            return variable
        if empty not in self._empty:
            self._empty.append(empty)
        choice = (empty, variable, absent)
        if choice not in self._by_empty:
            self._by_empty.append(choice)
        return f"$rg_there{_from_two(self._by_empty.index(choice) + 1)}_{self.site}"

    def _is_empty(self, empty: Empty) -> str:
        return f"$rg_empty{_from_two(self._empty.index(empty) + 1)}_{self.site}"

    # ---------------------------------------------------------------- maps

    def maps(self) -> Iterator[Map]:
        """Return the maps of the variables that were handed out."""
        yield self._grammar()
        for claims, (variable, owner) in self._claimed.items():
            yield _claims_map(variable, claims, owner)
        for claims in self._hidden:
            yield _hidden_map(self.hidden(claims), claims)
        for text, what in self._kept:
            yield _kept_map(self.kept(text, what), text, what)
        for document, path in self._astray.items():
            variable = self.astray(path, None, "", document=document)
            yield _astray_map(variable, path, document=document)
        for names, owner in self._spelled.items():
            yield _spelled_map(self.spelled(owner, names), owner, names)
        for empty in self._empty:
            yield empty_map(self._is_empty(empty), empty)
        for empty, variable, absent in self._by_empty:
            entries = (f"default {absent}", f'"" {variable}')
            yield Map((), self._is_empty(empty), self._where(empty, variable, absent), entries)
        wanted = {shared.FORM, *self._shared} if self._shared else set()
        yield from (shared.shared_map(word) for word in shared.WORDS if word in wanted)

    def _grammar(self) -> Map:
        words = comment(
            "The raw request line, before nginx decodes anything: what is not written here is 404. So no encoding, no "
            "dot, no absolute URL and no other mount can carry a private name past the rules."
        )
        grammar = self.plan.grammar
        targets = [
            # what is asked for most is tried first
            ("a page, in any spelling of the name", grammar.page),
            ("the list", grammar.root),
            ("a file beside a page", grammar.beside),
            *zip((route.prefix for route in self.plan.public_files), grammar.files, strict=True),
            *(("the legacy JSON of a project", target) for target in grammar.legacy),
            *((target, target) for target in grammar.meta),
        ]
        entries = ["default 1"]
        for what, target in targets:
            parts = ("^(?:GET|HEAD)[ ]", target, r"(?:\?\S*)?[ ]HTTP/[0-9.]+$")
            entries.append(f"# {what}\n{_INDENT}{verbose_pattern(parts, '~', _INDENT, 3)} 0")
        return Map(words, "$request", self.denied, tuple(entries))

    def hashes(self) -> tuple[str, ...]:
        """Return the http-level lines that long or many names need, with the reason; none for most sites."""
        tables = [{*claims.names, *claims.public} for claims in self._claimed]
        tables += [{NormalizedName(name) for name, _ in pairs} for pairs in self._spelled]
        names = [name for table in tables for name in table]
        most = max(map(len, tables), default=0)
        longest = max(map(len, names), default=0)
        lines: list[str] = []
        if most > _MOST_KEYS or longest > _LONGEST_KEY:
            element = 16 + (longest + 2 + 7) // 8 * 8
            lines += comment(
                "These two hold for all maps of this nginx, because the claims are many or long. If nginx says "
                "`duplicate`, keep the larger value of each."
            )
            lines.append(f"map_hash_bucket_size {_power_of_two(64, 8 + 4 * element)};")
            lines.append(f"map_hash_max_size {_power_of_two(2048, 2 * most)};")
        if len(self.plan.server_name) > _LONGEST_KEY:
            lines += comment("Holds for all servers of this nginx: the server name is long.")
            lines.append("server_names_hash_bucket_size 512;")
        return (*lines, "") if lines else ()


def _from_two(number: int) -> str:
    return "" if number == 1 else str(number)


def _power_of_two(least: int, wanted: int) -> int:
    while least < wanted:
        least *= 2
    return least


def _claims_map(variable: str, claims: ClaimSet, owner: str) -> Map:
    whose = f"private: claims of {owner}" if owner else "claims"
    words = comment(
        f"{whose}: canonical names that are private, also when nothing of them is here."
    )
    entries = ["default 0"]
    entries += [f"{map_key(name)} 0" for name in claims.public]
    entries += [f"{map_key(name)} 1" for name in claims.names]
    entries += [f"{pattern(f'^{chunk}(?:-|$)', '~')} 1" for chunk in _chunks(claims.prefixes)]
    return Map(words, "$rg_name", variable, tuple(entries))


def _kept_map(variable: str, cache_control: str, what: What) -> Map:
    words = comment(f"How long a {what} is kept, and stands in: only a whole one (RFC 5861)")
    # nothing bounds a file that does not say how long it is, and it is fetched whoever waits for it
    whole = {"page": _PAGE, "document": _DOCUMENT, "file": "^200[ ][0-9]{1,10}$"}
    entries = (
        'default ""',
        f"{pattern(whole[what], '~*')}\n{_INDENT * 2}{cache_control}",
        f"{pattern('^304[ ]', '~')}\n{_INDENT * 2}{cache_control}",
    )
    seen = '"$status $upstream_http_content_length"' if what == "file" else _SEEN
    return Map(words, seen, variable, entries)


def _astray_map(variable: str, path: str, *, document: bool) -> Map:
    asked = "legacy JSON" if document else "a page"
    words = comment(f"What was asked for {asked}, and sent something else: nobody is given that.")
    entries = (
        f"default {path}",
        f'{pattern(_DOCUMENT if document else _PAGE, "~*")} ""',
        f'{pattern("^(?:304|404)[ ]", "~")} ""',
    )
    return Map(words, _SEEN, variable, entries)


def _spelled_map(variable: str, owner: str, names: tuple[tuple[str, str], ...]) -> Map:
    words = comment(f"{owner}: spelled: names that it knows in this spelling only")
    entries = [f"{map_key(name)} {argument(value(text, 'spelled'))}" for name, text in names]
    return Map(words, "$rg_name", variable, ("default $rg_name", *entries))


def _chunks(names: tuple[str, ...]) -> Iterator[str]:
    from rewritegen.names import alternations

    return alternations(names, limit=70)


def _hidden_map(variable: str, claims: ClaimSet) -> Map:
    words = comment(
        "claims: paths with a part that belongs to a claimed project; no public source is asked for them."
    )
    entries = ["default 0"]
    entries += [
        f"{verbose_pattern(('(?:^|/)', regex), '~*', _INDENT, 3)} 1"
        for regex in claims.path_patterns(_MOST_CHARACTERS)
    ]
    return Map(words, "$rg_path", variable, tuple(entries))

"""The names that the generated text invents at http level, and the maps behind its variables.

Several sites may be included in one nginx, so each name holds the site's own word, made from its server name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from rewritegen.names import ClaimSet
from rewritegen.plan import Plan
from rewritegen.representations import REPRESENTATIONS
from rewritegen.servers.nginx.quoting import comment, map_key, pattern, verbose_pattern
from rewritegen.servers.nginx.view import Map

__all__ = ["Names", "site_word"]

#: nginx's default for a bucket is one cache line, 64 bytes on the processors in use; this is the longest key in it.
_LONGEST_KEY = 46
#: With nginx's defaults, more keys than this may not fit into its hash.
_MOST_KEYS = 100

_INDENT = "    "


def site_word(server_name: str) -> str:
    """Return the word of a site in variables and the like: different for different server names."""
    word = server_name.replace("_", "___").replace("-", "__").replace(".", "_")
    if len(word) <= 32:
        return word
    return f"{word[:20]}_{hashlib.sha256(server_name.encode()).hexdigest()[:8]}"


@dataclass(slots=True)
class Names:
    """Hands out variables, and remembers which maps they need."""

    plan: Plan
    site: str
    _used: set[str] = field(default_factory=set)
    _claimed: dict[ClaimSet, tuple[str, str]] = field(default_factory=dict)
    _refused: list[ClaimSet] = field(default_factory=list)

    def variable(self, word: str) -> str:
        """Return the variable of a map."""
        self._used.add(word)
        return f"$rg_{self.site}_{word}"

    def claimed(self, claims: ClaimSet, owner: str = "") -> str:
        """Return the variable that is 1 for a claimed name; ``owner`` is the one source whose claims they are."""
        if claims not in self._claimed:
            word = "claimed" if not self._claimed else f"claimed_{len(self._claimed) + 1}"
            self._claimed[claims] = (self.variable(word), owner)
        return self._claimed[claims][0]

    def refused(self, claims: ClaimSet) -> str:
        """Return the variable that is 1 for a path with a file of a claimed project in it."""
        if claims not in self._refused:
            self._refused.append(claims)
        number = self._refused.index(claims)
        return self.variable("refused" if number == 0 else f"refused_{number + 1}")

    # ---------------------------------------------------------------- maps

    def maps(self) -> Iterator[Map]:
        """Return the maps of the variables that were handed out."""
        yield self._grammar()
        yield from self._forms()
        if "accept" in self._used:
            yield from self._accept()
        for claims, (variable, owner) in self._claimed.items():
            yield _claims_map(variable, claims, owner)
        for claims in self._refused:
            yield _refused_map(self.refused(claims), claims)
        if "range" in self._used:
            yield from self._ranges()

    def _grammar(self) -> Map:
        words = comment(
            "The raw request line, before nginx decodes anything: what is not written here is 404. So no encoding, no "
            "dot, no absolute URL and no other mount can carry a private name past the rules."
        )
        entries = ["default 1"]
        for target in self.plan.grammar.targets:
            parts = ("^(?:GET|HEAD)[ ]", target, r"(?:\?\S*)?[ ]HTTP/[0-9.]+$")
            entries.append(f"{verbose_pattern(parts, '~', _INDENT)} 0")
        return Map(words, "$request", self.variable("outside"), tuple(entries))

    def _forms(self) -> Iterator[Map]:
        form, second, third = (self.variable(word) for word in ("form", "second", "third"))
        words = comment(
            "Accept to the page that is wanted (PEP 691), and what will do when it is not there."
        )
        entries = [f"default {REPRESENTATIONS[-1].suffix}"]
        for one in REPRESENTATIONS:
            if one.accept:
                entries.append(f"{verbose_pattern((one.accept,), '~*', _INDENT)} {one.suffix}")
        yield Map(words, "$http_accept", form, tuple(entries))
        for position, variable in ((1, second), (2, third)):
            choices = [f"default {REPRESENTATIONS[-1].order[position]}"]
            choices += [f"{one.suffix} {one.order[position]}" for one in REPRESENTATIONS[:-1]]
            yield Map((), form, variable, tuple(choices))

    def _accept(self) -> Iterator[Map]:
        words = comment(
            "What an upstream is asked for: one Accept for each kind of page, never the client's own; in two parts, "
            "because the whole is longer than a line."
        )
        default = REPRESENTATIONS[-1]
        best, others = [f"default {default.upstream_accept}"], ['default ""']
        for one in REPRESENTATIONS[:-1]:
            first, comma, rest = one.upstream_accept.partition(",")
            best.append(f"{one.suffix} {first}")
            others.append(f'{one.suffix} "{comma}{rest}"')
        yield Map(words, self.variable("form"), self.variable("accept"), tuple(best))
        yield Map((), self.variable("form"), self.variable("others"), tuple(others))

    def _ranges(self) -> Iterator[Map]:
        words = comment(
            "Parts of files: ranges and validators pass to an upstream, and nothing that looks otherwise."
        )
        yield Map(
            words,
            "$http_range",
            self.variable("range"),
            ('default ""', f"{pattern('^bytes=[0-9, -]{1,100}$', '~')} $http_range"),
        )
        tag = '^(?:W/)?"[!-~]{0,200}"$'
        date = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$"
        entries = (
            'default ""',
            *(f"{pattern(regex, '~')} $http_if_range" for regex in (tag, date)),
        )
        yield Map((), "$http_if_range", self.variable("ifrange"), entries)

    def hashes(self) -> tuple[str, ...]:
        """Return the http-level lines that long or many names need, with the reason; none for most sites."""
        names = [name for claims in self._claimed for name in (*claims.names, *claims.public)]
        most = max((len({*claims.names, *claims.public}) for claims in self._claimed), default=0)
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


def _chunks(names: tuple[str, ...]) -> Iterator[str]:
    from rewritegen.names import alternations

    return alternations(names, limit=70)


def _refused_map(variable: str, claims: ClaimSet) -> Map:
    words = comment(
        "claims: paths with a part that belongs to a claimed project; no public source is asked for them."
    )
    entries = ["default 0"]
    entries += [
        f"{verbose_pattern(('(?:^|/)', regex), '~*', _INDENT)} 1"
        for regex in claims.path_patterns()
    ]
    return Map(words, "$rg_path", variable, tuple(entries))

"""What stands in an nginx file means what it meant in the site file, or is refused."""

from __future__ import annotations

import re
from pathlib import Path

import crossplane
import pytest

from rewritegen.diagnostics import RewritegenError
from rewritegen.names import alternations
from rewritegen.servers.nginx.quoting import (
    MAX_BYTES,
    WIDTH,
    argument,
    comment,
    map_key,
    pattern,
    sentence,
    value,
    verbose_pattern,
)

NASTY = {
    "plain": "/srv/packages/team",
    "blank": "/srv/my packages",
    "double quote": '/srv/"packages"',
    "single quote": "/srv/it's",
    "backslash": "/srv/a\\b",
    "backslash before quote": '/srv/a\\"b',
    "backslash at end": "/srv/a\\",
    "escape of the tokenizer": "/srv/\\n\\t\\r",
    "two backslashes": "/srv/\\\\x",
    "braces": "/srv/{a}",
    "semicolon": "/srv/a;b",
    "hash": "/srv/a #b",
    "percent": "/srv/%2e%2e",
    "regex": "/srv/^(a|b)*[c]+?.$".replace("$", ""),
    "parentheses": "/srv/(a)",
    "tilde": "~/x",
    "unicode": "/srv/päckchen/包",
    "looks like an option": "-f",
    "directives": "/srv/x; } server { listen 1; }",
    "long": "/srv/" + "x" * 900,
}


def read_back(tmp_path: Path, text: str) -> str:
    """What nginx's grammar makes of an argument."""
    file = tmp_path / "nginx.conf"
    file.write_text(f"root {text};\n", encoding="utf-8")
    parsed = crossplane.parse(str(file), strict=False, check_ctx=False)
    assert parsed["status"] == "ok", parsed["errors"]
    ((directive,),) = [config["parsed"] for config in parsed["config"]]
    (only,) = directive["args"]
    return str(only)


def unescaped(text: str) -> str:
    """The escapes of nginx's tokenizer that crossplane leaves as they are."""
    return re.sub(r"\\([\"'\\])", r"\1", text)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_a_value_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    written = argument(value(text, "private[0].path"))
    assert unescaped(read_back(tmp_path, written)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("/srv/$HOME", "/srv/${x}", "$", "/srv/a\nb", "/srv/a\tb", "/srv/\x7f", "/srv/a\r"),
        *("a\u2028b", "/" + "x" * MAX_BYTES, "/" + "ä" * (MAX_BYTES // 2)),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_what_cannot_be_written_is_refused_with_its_key(text: str) -> None:
    with pytest.raises(RewritegenError) as caught:
        value(text, "private[0].path")
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("RG601", "private[0].path")
    assert problem.help


def test_our_own_variables_stand_behind_a_value() -> None:
    assert argument(f"{value('/srv/a', 'x')}/$rg_name") == "/srv/a/$rg_name"
    assert argument(f"{value('/srv/a b', 'x')}/$rg_name") == '"/srv/a b/$rg_name"'


@pytest.mark.parametrize("name", ["default", "hostnames", "include", "volatile"])
def test_the_words_of_a_map_are_only_names(name: str) -> None:
    assert map_key(name) == f"\\{name}"
    assert map_key(f"{name}s") == f"{name}s"


def test_a_sentence_is_one_line() -> None:
    assert sentence("not here") == '"not here\\n"'


@pytest.mark.parametrize("regex", [r"a\"b", r"a\\b", r"a\tb", r"a\nb", r"a\'b", r"a\rb"])
def test_a_pattern_that_nginx_would_change_is_a_defect(regex: str) -> None:
    with pytest.raises(ValueError, match="another pattern"):
        pattern(regex)


LONG_PATTERNS = (
    r"^/simple/(?=[^/]{1,200}/)[a-z0-9]+(?:-[a-z0-9]+)*/(?:\?\S*)?[ ]HTTP/[0-9.]+$" * 3,
    next(iter(alternations((f"name-{n}[-_.]+x" for n in range(200)), 3000))),
    "(?:" + "|".join(f"(?:[^{c}/]*{c}){{12}}" for c in "ABCDEFGHIJKLMNOP") + ")",
    r"(?!(?i:a\.b/))(?P<x>[A-Z])(?:[^/]*(?P=x)){11}" * 4,
)


@pytest.mark.parametrize("regex", LONG_PATTERNS, ids=range(len(LONG_PATTERNS)))
def test_a_long_pattern_is_broken_into_lines_and_stays_the_same(regex: str) -> None:
    written = verbose_pattern((regex,), "~", "    ")
    assert written.startswith('"~(?x)\n')
    assert max(map(len, written.splitlines())) <= WIDTH - 4
    assert re.sub(r"\n *", "", written) == f'"~(?x){regex}"'
    if "(?P<x>" not in regex:  # a name can be there once only
        re.compile(written[2:-1])


@pytest.mark.parametrize("part", ["a b", "a#b", "a\nb"])
def test_white_space_would_be_lost(part: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        verbose_pattern((part + "x" * WIDTH,), "~", "")


def test_comments_keep_within_the_width_and_in_ascii() -> None:
    text = "private/team in /srv/päckchen\n} server { " + "word " * 60
    lines = comment(text, "    ", hanging="  ", lead="  ")
    assert all(line.startswith("    #   ") for line in lines)
    assert all(len(line) <= WIDTH and line.isascii() for line in lines)
    assert len(lines) > 1

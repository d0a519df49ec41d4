"""Check that templates hold no decisions beyond loops and one-level ifs; decisions arrive in them as data.

    python -m tools.check_templates templates

Read with Jinja2's own parser. What a template may hold:

* text, comments, ``{% raw %}``;
* values ``{{ name.attribute["key"] }}``, constants, and calls of macros with such values;
* the filters of :data:`FILTERS`: layout and quoting, nothing that chooses or computes;
* ``for`` over a value, without ``if`` filter and without ``recursive``;
* ``if`` and ``if ... else``, also as ``{{ a if b else c }}``, where the test is a value or ``not`` a value;
* ``include``, ``import``, ``extends``, ``block``, ``macro``; the name of a template is a constant or a value.

What is reported, as ``file:line: message``:

* ``nested-if``: an ``if`` anywhere inside an ``if``, also when a loop, an included template or a macro lies between;
* ``elif``: a chain is a decision table, and that belongs into the plan;
* ``test``: comparisons, ``and``/``or``, ``is ...``, filters or calls in the test of an ``if``;
* ``computed``: arithmetic, ``~``, comparisons, calls of anything that is no macro, slices, literals of lists and maps;
* ``set``: ``set``, ``with``, ``do`` and blocks of ``call``, ``filter`` or any other statement;
* ``filter``: a filter that is not listed;
* ``loop``: a filtered or recursive ``for``, or one over something computed;
* ``syntax``: Jinja2 cannot read the template.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

#: Layout: the text stays the same, only white space and separators are added.
LAYOUT = frozenset({"indent", "join", "wordwrap"})
#: Quoting: the value stays the same, only its spelling fits the place.
QUOTING = frozenset({"e", "escape", "tojson", "urlencode", "comment", "nginx", "apache", "quote"})
FILTERS = LAYOUT | QUOTING

#: Statements that hold others, or refer to them, and decide nothing.
STRUCTURE = (nodes.Template, nodes.Output, nodes.Block, nodes.Macro, nodes.Scope)
REFERENCES = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
Reference = nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a template must not hold."""

    file: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} [{self.rule}]"


def is_value(node: nodes.Node) -> bool:
    """Tell whether an expression only names something: ``a``, ``a.b``, ``a["b"]``, or a constant."""
    if isinstance(node, nodes.Getattr):
        return is_value(node.node)
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Const) and is_value(node.node)
    return isinstance(node, nodes.Name | nodes.Const | nodes.TemplateData)


def branches(node: nodes.If) -> list[nodes.Node]:
    """Return what an ``if`` chooses between, without its tests."""
    return [*node.body, *(child for chained in node.elif_ for child in chained.body), *node.else_]


class Library:
    """All templates of a directory, parsed, by the name under which they include one another."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.parsed: dict[str, nodes.Template] = {}
        self.broken: list[Finding] = []
        environment = Environment(autoescape=True)
        for path in sorted(directory.rglob("*.j2")):
            name = path.relative_to(directory).as_posix()
            try:
                self.parsed[name] = environment.parse(path.read_text("utf-8"), name, str(path))
            except TemplateSyntaxError as error:
                self.broken.append(Finding(path, error.lineno, "syntax", str(error.message)))

    def check(self) -> list[Finding]:
        """Return everything that is wrong, in the order of files and lines."""
        found = [*self.broken]
        for name, template in self.parsed.items():
            found += Checker(self, name).statement(template, inside_if=False)
        return sorted(set(found))

    def macros(self, name: str) -> dict[str, nodes.Macro]:
        """Return the macros that a template can call: its own, and those that it imports by constant names."""
        template = self.parsed.get(name)
        if template is None:
            return {}
        found = {macro.name: macro for macro in template.find_all(nodes.Macro)}
        for imported in template.find_all(nodes.FromImport):
            theirs = self.macros_of(imported.template)
            pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in imported.names]
            found |= {alias: theirs[original] for original, alias in pairs if original in theirs}
        for whole in template.find_all(nodes.Import):
            theirs = self.macros_of(whole.template)
            found |= {f"{whole.target}.{original}": macro for original, macro in theirs.items()}
        return found

    def macros_of(self, reference: nodes.Node) -> dict[str, nodes.Macro]:
        """Return the macros that the template defines to which a constant refers."""
        named = isinstance(reference, nodes.Const) and self.parsed.get(reference.value)
        return {macro.name: macro for macro in named.find_all(nodes.Macro)} if named else {}

    def decides(self, node: nodes.Node, name: str, seen: frozenset[int] = frozenset()) -> bool:
        """Tell whether running ``node`` of template ``name`` meets an ``if``, also through includes and macros."""
        if id(node) in seen:
            return False
        seen |= {id(node)}
        if isinstance(node, nodes.If | nodes.CondExpr):
            return True
        if isinstance(node, nodes.Include) and isinstance(node.template, nodes.Const):
            included = self.parsed.get(node.template.value)
            return included is not None and self.decides(included, node.template.value, seen)
        if isinstance(node, nodes.Call) and (macro := self.macros(name).get(called(node))):
            return any(self.decides(child, name, seen) for child in macro.body)
        children = (
            child for child in node.iter_child_nodes() if not isinstance(child, nodes.Macro)
        )
        return any(self.decides(child, name, seen) for child in children)


def called(node: nodes.Call) -> str:
    """Return the name of what is called: ``macro`` or ``module.macro``; empty for anything else."""
    if isinstance(node.node, nodes.Name):
        return node.node.name
    if isinstance(node.node, nodes.Getattr) and isinstance(node.node.node, nodes.Name):
        return f"{node.node.node.name}.{node.node.attr}"
    return ""


class Checker:
    """The rules, for one template."""

    def __init__(self, library: Library, name: str) -> None:
        self.library = library
        self.name = name
        self.path = library.directory / name
        self.macros = library.macros(name)

    def finding(self, node: nodes.Node, rule: str, message: str) -> Finding:
        """Return a finding at the line of ``node``."""
        return Finding(self.path, node.lineno, rule, message)

    def statement(self, node: nodes.Node, *, inside_if: bool) -> Iterator[Finding]:
        """Yield what is wrong with a statement and everything in it."""
        if isinstance(node, nodes.If):
            yield from self.if_statement(node, inside_if=inside_if)
        elif isinstance(node, nodes.For):
            yield from self.loop(node, inside_if=inside_if)
        elif isinstance(node, REFERENCES):
            yield from self.reference(node, inside_if=inside_if)
        elif isinstance(node, nodes.Expr):
            yield from self.expression(node, inside_if=inside_if)
        elif isinstance(node, STRUCTURE):
            for child in node.iter_child_nodes():
                # A macro's body runs where it is called: only the calls know whether an `if` is around it.
                inside = inside_if and not isinstance(node, nodes.Macro)
                yield from self.statement(child, inside_if=inside)
        else:
            word = type(node).__name__.lower()
            yield self.finding(node, "set", f"`{word}` computes in a template; hand the value in")

    def if_statement(self, node: nodes.If, *, inside_if: bool) -> Iterator[Finding]:
        """Yield what is wrong with an ``if`` and its branches."""
        if inside_if:
            yield self.finding(
                node, "nested-if", "`if` inside an `if`; decide in the plan, hand in a list"
            )
        for chained in node.elif_:
            yield self.finding(chained, "elif", "`elif`; decide in the plan, hand in a list")
        for test in (node.test, *(chained.test for chained in node.elif_)):
            yield from self.truth(test)
        for child in branches(node):
            yield from self.statement(child, inside_if=True)

    def truth(self, test: nodes.Node) -> Iterator[Finding]:
        """Yield what is wrong with the test of an ``if``."""
        plain = test.node if isinstance(test, nodes.Not) else test
        if not is_value(plain):
            yield self.finding(
                test, "test", "the test of an `if` is a value or `not` a value, nothing else"
            )

    def loop(self, node: nodes.For, *, inside_if: bool) -> Iterator[Finding]:
        """Yield what is wrong with a ``for`` and its body."""
        if node.test is not None or node.recursive:
            yield self.finding(
                node,
                "loop",
                "a filtered or recursive `for`; hand in the list as it is to be written",
            )
        if not is_value(node.iter):
            yield self.finding(node, "loop", "`for` over something computed; hand in the list")
        for child in (*node.body, *node.else_):
            yield from self.statement(child, inside_if=inside_if)

    def reference(self, node: Reference, *, inside_if: bool) -> Iterator[Finding]:
        """Yield what is wrong with an ``include``, ``import`` or ``extends``."""
        if not is_value(node.template):
            yield self.finding(node, "computed", "the name of a template is a constant or a value")
        if inside_if and self.library.decides(node, self.name):
            yield self.finding(
                node, "nested-if", "includes an `if` inside an `if`; decide in the plan"
            )

    def expression(self, node: nodes.Expr, *, inside_if: bool) -> Iterator[Finding]:
        """Yield what is wrong with an expression that is written out or handed on."""
        if is_value(node):
            return
        if isinstance(node, nodes.CondExpr):
            if inside_if:
                yield self.finding(node, "nested-if", "`if` inside an `if`; decide in the plan")
            yield from self.truth(node.test)
            parts = [node.expr1, *([node.expr2] if node.expr2 else [])]
            inside_if = True
        elif isinstance(node, nodes.Filter) and node.node is not None:
            if node.name not in FILTERS:
                yield self.finding(
                    node,
                    "filter",
                    f"filter `{node.name}` is not one of {', '.join(sorted(FILTERS))}",
                )
            parts = [node.node, *node.args, *(pair.value for pair in node.kwargs)]
        elif isinstance(node, nodes.Call) and called(node) in {*self.macros, "super"}:
            if inside_if and self.library.decides(node, self.name):
                yield self.finding(
                    node,
                    "nested-if",
                    f"`{called(node)}` holds an `if` and is called inside an `if`",
                )
            parts = [*node.args, *(pair.value for pair in node.kwargs)]
        else:
            yield self.finding(
                node,
                "computed",
                f"`{type(node).__name__}` computes in a template; hand the value in",
            )
            return
        for part in parts:
            yield from self.expression(part, inside_if=inside_if)


def main(arguments: list[str]) -> int:
    """Check the directories that are named; exit 1 when something was found or nothing was read."""
    found: list[Finding] = []
    number = 0
    for argument in arguments:
        library = Library(Path(argument))
        found += library.check()
        number += len(library.parsed) + len(library.broken)
    for finding in found:
        print(finding)
    print(f"{number} templates, {len(found)} findings", file=sys.stderr)
    return int(bool(found) or number == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What pydantic found wrong, in our words: a code, a place in the file, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from rewritegen.diagnostics import Place, Problem, quoted, suggestion
from rewritegen.yamltree import Document, KeyPath, Mapping, Node, Scalar, Sequence, key_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["translate"]

#: What pydantic's error types say was expected.
_EXPECTED = {
    "string_type": "a string",
    "tuple_type": "a list",
    "model_type": "a map",
    "model_attributes_type": "a map",
}


def translate(
    error: ValidationError, model: type[BaseModel], noun: str, document: Document, base: KeyPath
) -> list[Problem]:
    """Return the problems of a model that was read from the value at ``base``; ``noun`` is the word for it."""
    entries = error.errors(include_url=False)
    wrong = {entry["loc"] for entry in entries}
    problems = []
    for details in entries:
        entry = _Entry(details, model, noun, document, base)
        # A default name is as wrong as what it was made of; a list is not empty when all its entries are wrong.
        made_of = (getattr(model, "mark", None),)
        if not (entry.is_default_name() and made_of in wrong) and not entry.is_filled_list():
            problems.append(entry.problem())
    return problems


class _Entry:
    """One entry of pydantic's list."""

    def __init__(
        self,
        entry: ErrorDetails,
        model: type[BaseModel],
        noun: str,
        document: Document,
        base: KeyPath,
    ) -> None:
        self._type = entry["type"]
        self._context: dict[str, Any] = entry.get("ctx", {})
        self._message = entry["msg"]
        self._document = document
        self._local: KeyPath = entry["loc"]
        self._path: KeyPath = (*base, *self._local)
        self._model, self._noun = _innermost(model, noun, self._local)

    def is_default_name(self) -> bool:
        """Tell whether this is about a name that is not in the file."""
        return self._local == ("name",) and not self._document.find(self._path)[1]

    def is_filled_list(self) -> bool:
        """Tell whether this calls a list too short that has entries in the file."""
        node = self._document.find(self._path)[0]
        return self._type == "too_short" and isinstance(node, Sequence) and bool(node.items)

    def problem(self) -> Problem:
        """Return the entry in our words."""
        if self.is_default_name():
            message = f"no name can be made for this {self._noun}"
            advice = "give it a `name:` of lower-case letters and digits, joined by single dashes"
            return self._problem("RG306", message, self._document.place(self._path), advice)
        if self._type == "rewritegen":
            place = self._document.place(self._path)
            return self._problem(
                self._context["code"], self._context["message"], place, self._context["help"]
            )
        if self._type == "extra_forbidden":
            return self._unknown_key()
        if self._type == "missing":
            message = f"{self._name()} is missing in this {self._noun}"
            return self._problem(
                "RG202", message, self._document.place(self._path[:-1]), f"write {self._example()}"
            )
        if self._type == "too_short":
            place = self._document.place_of_key(self._path)
            return self._problem(
                "RG205", f"{self._name()} is empty", place, f"write {self._example()}"
            )
        if self._type == "literal_error":
            return self._not_a_choice()
        return self._wrong_type()

    def _not_a_choice(self) -> Problem:
        node = self._document.find(self._path)[0]
        choices = self._context["expected"].replace("'", "`")
        written = quoted(node.text) if isinstance(node, Scalar) else _what(node)
        message = f"{self._name()} must be {choices}, and is {written}"
        return self._problem(
            "RG310", message, self._document.place(self._path), f"write {self._example()}"
        )

    def _unknown_key(self) -> Problem:
        key = str(self._local[-1])
        keys = list(self._model.model_fields)
        hint = suggestion(key, [name for name in keys if not self._has(name)] or keys)
        message = f"unknown key {quoted(key)} in this {self._noun}"
        place = self._document.place_of_key(self._path)
        return self._problem(
            "RG201", message, place, f"{hint}known: {', '.join(map(quoted, keys))}"
        )

    def _has(self, key: str) -> bool:
        return self._document.find((*self._path[:-1], key))[1]

    def _wrong_type(self) -> Problem:
        node = self._document.find(self._path)[0]
        expected = _EXPECTED.get(self._type, "of another type")
        message = f"{self._name()} must be {expected}, and is {_what(node)}"
        return self._problem(
            "RG203", message, self._document.place(self._path), self._help(node, expected)
        )

    def _help(self, node: Node, expected: str) -> str:
        if not isinstance(node, Scalar):
            return f"write {self._example()}"
        if node.value is None:
            return (
                f"write {self._example()}, or delete the {'entry' if self._in_list() else 'line'}"
            )
        if expected == "a string" and (self._in_list() or self._local[-1] == "name"):
            written = quoted(f'"{node.text}"')
            return f"YAML reads {quoted(node.text)} as {_what(node)}: if the text is meant, write {written}"
        if expected == "a list" and isinstance(node.value, str):
            return f"write {quoted(f'{self._local[-1]}: [{node.text}]')}"
        return f"write {self._example()}"

    def _in_list(self) -> bool:
        return isinstance(self._local[-1], int)

    def _example(self) -> str:
        key = next(part for part in reversed(self._local) if isinstance(part, str))
        field = self._model.model_fields[key]
        return quoted(f"{key}: {(field.examples or ['...'])[0]}", 100)

    def _name(self) -> str:
        if isinstance(self._local[-1], int):
            return f"an entry of {quoted(self._local[-2])}"
        return quoted(self._local[-1])

    def _problem(self, code: str, message: str, place: Place, advice: str) -> Problem:
        return Problem(code, message, place, advice, key=key_of(self._path))


def _innermost(model: type[BaseModel], noun: str, local: KeyPath) -> tuple[type[BaseModel], str]:
    """Return the model that the last key of a path belongs to, and what to call it: a map, or an entry of a list."""
    for number, part in enumerate(local):
        below = local[number + 1 :]
        if isinstance(part, str) and any(isinstance(one, str) for one in below):
            annotation = model.model_fields[part].annotation
            model = next(
                one
                for one in getattr(annotation, "__args__", ())
                if isinstance(one, type) and issubclass(one, BaseModel)
            )
            noun = (
                f"entry of {quoted(part)}" if isinstance(below[0], int) else f"{quoted(part)} map"
            )
    return model, noun


def _what(node: Node) -> str:
    if isinstance(node, Scalar):
        if node.value is None:
            return "nothing"
        if isinstance(node.value, bool):
            return "a boolean"
        return "a string" if isinstance(node.value, str) else "a number"
    return "a map" if isinstance(node, Mapping) else "a list"

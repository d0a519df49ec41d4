"""The JSON Schema of the site file, for the hover, the completion and the red lines of an editor.

It is made from the model, so it has the keys that the loader has. It cannot say all that the loader checks: clashes,
for one, are beyond it.
"""

from __future__ import annotations

from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema

from rewritegen.access import WAYS
from rewritegen.model import SiteFile
from rewritegen.pypi import WORD
from rewritegen.quantities import Duration, Size
from rewritegen.sources import FALLBACKS, PRIVATE_SOURCES
from rewritegen.values import Listen

__all__ = ["schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a site file as users write it."""
    made = SiteFile.model_json_schema(schema_generator=_AsWritten)
    definitions = made.pop("$defs")
    for model in (*PRIVATE_SOURCES, *FALLBACKS):
        entry = definitions[model.__name__]
        entry["title"] = model.noun
        entry["properties"]["name"].pop("default", None)
        entry["description"] = (model.__doc__ or "").splitlines()[0]
    for name in ("Proxy", "Redirect"):
        url = definitions[name]["properties"][name.lower()]
        url["anyOf"] = [{"const": WORD}, {"type": url.pop("type"), "pattern": url.pop("pattern")}]
    # `realm` alone says nothing
    definitions["Access"]["oneOf"] = [{"required": [key]} for key in WAYS]
    for name in ("private", "fallbacks"):
        items = made["properties"][name]["items"]
        items["oneOf"] = items.pop("anyOf")
    for part in (made, *definitions.values()):
        for key, value in part["properties"].items():
            _tidy(key, value)
    title = {"$schema": DIALECT, "title": "rewritegen site file"}
    description = "One virtual host with a private-first Python package index."
    return {**made, **title, "description": description, "$defs": definitions}


class _AsWritten(GenerateJsonSchema):
    """Writes defaults as users would: ``8080`` and ``20g``."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, tuple):
            return [self.encode_default(item) for item in dft]
        if isinstance(dft, Listen) and dft.address is None:
            return dft.port
        return str(dft) if isinstance(dft, Listen | Size | Duration) else dft


def _tidy(key: str, value: dict[str, Any]) -> None:
    """Give a property the name that users know it by, and drop what no file may say: null stands for a missing key."""
    value["title"] = key
    variants = [variant for variant in value.get("anyOf", ()) if variant != {"type": "null"}]
    if len(variants) == 1:
        del value["anyOf"]
        value.update(variants[0])
    if value.get("default", ...) is None:
        del value["default"]
    # The examples of the model are YAML text, as messages show it.
    value["examples"] = [yaml.safe_load(example) for example in value["examples"]]

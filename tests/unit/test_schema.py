from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from rewritegen.access import Access
from rewritegen.diagnostics import SiteError
from rewritegen.ignored import Ignored, Lint
from rewritegen.model import Cache, Pypi, SiteFile, Tls
from rewritegen.schema import schema
from rewritegen.site import load_site
from rewritegen.sources import FALLBACKS, PRIVATE_SOURCES
from rewritegen.starter import starter

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
MODELS: tuple[type[BaseModel], ...] = (
    *PRIVATE_SOURCES,
    *FALLBACKS,
    Tls,
    Access,
    Cache,
    Pypi,
    Lint,
    Ignored,
)

MINIMAL = "server_name: a.example.org\nprivate: [{path: /srv/a, listing: automatic}]\n"

RIGHT = {
    "starter": starter(),
    "minimal": MINIMAL,
    "listen": MINIMAL + 'listen: [8080, "127.0.0.1:8081", "[::1]:8082"]\n',
    "claims": MINIMAL.replace("automatic", "automatic, claims: [acme-*, Secret.Tool, a]")
    + "public: [acme-oss]\n",
    "private-index": "server_name: a.example.org\nprivate: [{proxy: 'http://eggs.example.org', claims: [eggs]}]\n",
    "fallbacks": MINIMAL
    + "fallbacks:\n- {mirror: /srv/b, layout: pep381client}\n- {proxy: 'https://b.example.org/', kind: devpi}\n"
    "- {redirect: pypi}\n",
    "nested": MINIMAL
    + "tls: {certificate: /a, key: /b}\ncache: {path: /c, size: 20g, pages: 10m}\nstate: /s\nca: /d\nindex: /\n"
    "pypi: {index: 'https://pypi.example.org/', files: []}\npublic: []\n",
}

RIGHT |= {
    "passwords": MINIMAL + "auth: {basic: /a, realm: our packages}",
    "client-certificates": MINIMAL
    + "tls: {certificate: /a, key: /b}\nauth: {certificates: /team-ca.pem}",
    "service": MINIMAL + "auth: {request: 'http://127.0.0.1:9091/auth'}",
}

RIGHT["ignored"] = (
    MINIMAL + "lint: {ignore: [{code: RG002, reason: our own network, about: private}]}"
)

WRONG = {
    "ignored-without-reason": MINIMAL + "lint: {ignore: [{code: RG002}]}",
    "ignored-for-no-reason": MINIMAL + "lint: {ignore: [{code: RG002, reason: ' x '}]}",
    "ignored-error": MINIMAL + "lint: {ignore: [{code: RG802, reason: our own network}]}",
    "ignored-nothing": MINIMAL + "lint: {ignore: []}",
    "auth-says-nothing": MINIMAL + "auth: {realm: packages}",
    "auth-says-two-things": MINIMAL + "auth: {basic: /a, request: 'http://127.0.0.1:9091/auth'}",
    "auth-null": MINIMAL + "auth: {basic: }",
    "auth-relative": MINIMAL + "auth: {basic: htpasswd}",
    "auth-realm": MINIMAL + "auth: {basic: /a, realm: 'a\"b'}",
    "auth-no-url": MINIMAL + "auth: {request: 127.0.0.1:9091}",
    "auth-unknown-key": MINIMAL + "auth: {basic: /a, user: b}",
    "no-server-name": "private: [{path: /srv/a, listing: automatic}]",
    "no-private": "server_name: a.example.org",
    "empty-private": "server_name: a.example.org\nprivate: []",
    "unknown-key": MINIMAL + "fallback: []",
    "unknown-key-of-a-source": MINIMAL.replace("listing", "listings"),
    "null": MINIMAL + "tls:",
    "two-kinds": MINIMAL + "fallbacks: [{proxy: pypi, mirror: /srv/b}]",
    "private-index-without-claims": "server_name: a.example.org\nprivate: [{proxy: 'http://eggs.example.org'}]",
    "the-word-in-private": "server_name: a.example.org\nprivate: [{proxy: pypi, claims: [a]}]",
    "port-as-text": MINIMAL + 'listen: ["8080"]',
    "port-too-high": MINIMAL + "listen: [65536]",
    "claim": MINIMAL.replace("automatic", "automatic, claims: [acme*]"),
    "layout": MINIMAL.replace("automatic", "automatic, layout: bandersnatch"),
    "relative-path": MINIMAL.replace("/srv/a", "srv/a"),
    "mount": MINIMAL + "index: simple",
    "size": MINIMAL + "cache: {path: /c, size: 20}",
    "url": MINIMAL + "fallbacks: [{proxy: 'https://a.example.org/?x'}]",
}


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_accepted_by_schema_and_loader(text: str) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []
    load_site("site.yaml", text=text.encode())


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_refused_by_schema_and_loader(text: str) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text)))
    with pytest.raises(SiteError):
        load_site("site.yaml", text=text.encode())


def test_the_keys_of_schema_and_loader_agree() -> None:
    """The loader names the keys that it knows when it meets one that it does not."""
    with pytest.raises(SiteError) as caught:
        load_site("site.yaml", text=(MINIMAL + "zzz: 1\n").encode())
    known = caught.value.problems[0].help.removeprefix("known: ")
    assert known == ", ".join(f"`{key}`" for key in SCHEMA["properties"])
    assert list(SiteFile.model_fields) == list(SCHEMA["properties"])
    for model in MODELS:
        assert list(model.model_fields) == list(SCHEMA["$defs"][model.__name__]["properties"])


def properties() -> dict[str, dict[str, Any]]:
    found = dict(SCHEMA["properties"])
    for name, part in SCHEMA["$defs"].items():
        found |= {f"{name}.{key}": value for key, value in part["properties"].items()}
    return found


@pytest.mark.parametrize(("name", "value"), properties().items(), ids=properties())
def test_every_key_is_explained(name: str, value: dict[str, Any]) -> None:
    assert value["title"] == name.rpartition(".")[2]
    assert value["description"].endswith(".")
    assert len(value["description"]) > 10


@pytest.mark.parametrize(("name", "value"), properties().items(), ids=properties())
def test_examples_and_defaults_keep_to_the_schema(name: str, value: dict[str, Any]) -> None:
    validator = VALIDATOR.evolve(schema={**value, "$defs": SCHEMA["$defs"]})
    assert value["examples"]
    for example in (*value["examples"], *([value["default"]] if "default" in value else [])):
        assert list(validator.iter_errors(example)) == []

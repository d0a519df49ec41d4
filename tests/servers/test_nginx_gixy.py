"""gixy-ng reads the generated text of several sites, and finds nothing but what is written here with its reason."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rewritegen.servers.nginx import Nginx
from tests.unit.sites import FULL, plan_of
from tests.unit.test_nginx_render import DEEP, HASHED, TLS

#: The generated virtual hosts of the examples; `tests/golden` holds that they are what is generated.
GOLDEN = Path(__file__).parents[1] / "golden"

#: Check, the text that a finding of it must have in its configuration, and why it is none.
EXCEPTIONS = (
    (
        "regex_redos",
        "(?:(?:[A-Za-z0-9]|-(?![-._]))*(?:[._][-._]*|-[-._]+)(?![-._])){12}",
        "the repeated parts cannot overlap: each run of separators is taken whole, and a name has at most 200 "
        "characters; test_spellings_cost_milliseconds measures it",
    ),
    (
        "proxy_pass_normalized",
        "proxy_pass",
        "the path is not nginx's decoded one: it is a constant and either $rg_name, which only [a-z0-9-] matches, or "
        "another constant in its place ($rg_spelled), or $rg_raw_path, a part of $request_uri",
    ),
    (
        "missing_resolver",
        "",
        "upstream names are looked up when nginx starts: `resolve` needs nginx 1.27.3, and a resolver is nothing that "
        "a generator may choose",
    ),
    (
        "hsts_header",
        "",
        "the header binds a whole host name in browsers, also what else is there; installers are told https by their "
        "own configuration and ignore it. It is the administrator's to add",
    ),
    (
        "default_server_flag",
        "",
        "which of several sites answers for unknown names is the administrator's choice; each of ours answers them "
        "without asking anybody by a name from the request",
    ),
    (
        "try_files_is_evil_too",
        "try_files /rg_nothing /-/rg_in$uri",
        "it looks for one file below /dev/null, for which the kernel goes nowhere; open_file_cache would hide for a "
        "time that a marker has gone",
    ),
)

SITES = {
    "a.example.org": FULL,
    "b.example.org": HASHED,
    "odd.example.org": FULL.replace(
        "claims: [egg-*]}", "claims: [egg-*], kind: haufe, spelled: [Egg.Tool], empty: 250+2n}"
    ),
    "c.example.org": TLS,
    "d-e.example.org": DEEP,
    "service.example.org": DEEP.replace(
        "server_name:", "auth: {request: 'https://sso.example.org/auth'}\n    server_name:"
    ),
    "certificates.example.org": TLS.replace(
        "server_name:", "auth: {certificates: /etc/ssl/team-ca.pem}\n    server_name:"
    ),
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What gixy says to four sites and every example in one nginx."""
    directory = tmp_path_factory.mktemp("gixy")
    nginx = Nginx()
    for server_name, text in SITES.items():
        plan = plan_of(text.replace("packages.example.org", server_name))
        nginx.render(plan, "vhost", nginx.baseline).write(directory)
    examples = sorted(GOLDEN.glob("*.nginx.conf"))
    assert examples
    for example in examples:
        shutil.copy(example, directory / f"{example.stem}.example.org.conf")
    main = "events { }\nhttp {\n    include *.example.org.conf;\n}\n"
    (directory / "nginx.conf").write_text(main)
    command = [str(Path(sys.executable).with_name("gixy")), "-f", "json", "nginx.conf"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _plain(text: str) -> str:
    """Configuration without the line breaks of long patterns."""
    return re.sub(r"\n *", "", text)


def is_exception(finding: dict[str, Any]) -> bool:
    return any(
        finding["plugin"] == check and text in _plain(finding["config"])
        for check, text, _ in EXCEPTIONS
    )


def test_nothing_is_found_but_what_is_written_down(findings: list[dict[str, Any]]) -> None:
    others = [(one["plugin"], one["reason"]) for one in findings if not is_exception(one)]
    assert others == []


@pytest.mark.parametrize("check", [check for check, _, _ in EXCEPTIONS])
def test_every_exception_is_still_needed(findings: list[dict[str, Any]], check: str) -> None:
    assert check in {one["plugin"] for one in findings}

"""The texts of 200 drawn sites: the server's own test takes them, crossplane reads them, gixy-ng finds nothing new."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crossplane
import pytest

from rewritegen.plan import Plan
from rewritegen.servers import server as server_named
from tests.differential.campaign import draw_sites
from tests.differential.world import lay_out
from tests.servers.test_nginx_gixy import is_exception
from tests.support.processes import traversable_directory
from tests.support.tools import require

pytestmark = [pytest.mark.server, pytest.mark.long]

SITES = 200
START = 200_2026
TOGETHER = 20


@dataclass(frozen=True, slots=True)
class Texts:
    """The trees of all sites, by server."""

    root: Path
    trees: dict[str, list[Path]]
    plans: list[Plan]


@pytest.fixture(scope="module")
def texts() -> Iterator[Texts]:
    """Every site as a standalone tree for each server; what the sites are made of is gone, but for its directories."""
    trees: dict[str, list[Path]] = {"nginx": [], "apache": []}
    plans: list[Plan] = []
    able = {kind: server_named(kind).capabilities(str(require(kind))) for kind in trees}
    with traversable_directory() as root:
        for number, spec in enumerate(draw_sites(SITES, START)):
            place = root / str(number)
            place.mkdir()
            world = lay_out(spec, place)
            world.settings["server_name"] = f"s{number}.example.org"
            plan = world.plan()
            plans.append(plan)
            for kind, found in trees.items():
                server = server_named(kind)
                assert not server.refusals(plan, "standalone", able[kind])
                tree = place / kind
                server.render(plan, "standalone", able[kind]).write(tree)
                found.append(tree)
        yield Texts(root, trees, plans)


@pytest.mark.parametrize("kind", ["nginx", "apache"])
def test_the_server_takes_every_text(kind: str, texts: Texts) -> None:
    binary = str(require(kind))
    server = server_named(kind)
    said = {}
    for tree in texts.trees[kind]:
        done = subprocess.run(
            server.test_command(binary, tree), capture_output=True, text=True, check=False
        )
        lines = [line for line in done.stderr.splitlines() if "Syntax OK" not in line]
        lines = [line for line in lines if not line.endswith(("syntax is ok", "is successful"))]
        if done.returncode or lines:
            said[tree.parent.name] = lines
    assert said == {}
    assert len(texts.trees[kind]) == SITES


def _directives(block: list[dict[str, Any]]) -> int:
    return sum(1 + _directives(one.get("block", [])) for one in block)


def test_crossplane_reads_every_text(texts: Texts) -> None:
    for tree in texts.trees["nginx"]:
        parsed = crossplane.parse(str(tree / "nginx.conf"), strict=False, comments=False)
        assert parsed["status"] == "ok", parsed["errors"]
        assert sum(_directives(config["parsed"]) for config in parsed["config"]) > 40


@pytest.mark.parametrize("batch", range(0, SITES, TOGETHER))
def test_gixy_finds_nothing_but_what_is_written_down(batch: int, texts: Texts) -> None:
    """Several virtual hosts in one nginx, as an administrator would include them."""
    nginx = server_named("nginx")
    able = nginx.capabilities(str(require("nginx")))
    directory = texts.root / f"gixy-{batch}"
    for plan in texts.plans[batch : batch + TOGETHER]:
        nginx.render(plan, "vhost", able).write(directory)
    main = "events { }\nhttp {\n    include s*.conf;\n}\n"
    (directory / "nginx.conf").write_text(main)
    assert len(list(directory.glob("s*.conf"))) == TOGETHER
    command = [str(Path(sys.executable).with_name("gixy")), "-f", "json", "nginx.conf"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert found
    others = [(one["plugin"], one["reason"]) for one in found if not is_exception(one)]
    assert others == []

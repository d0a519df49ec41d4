"""What the tests of real servers share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bench import Bench, StartBench, stand_in
from tests.support.processes import HOST, StartServer, free_port
from tests.support.tools import require


@pytest.fixture
def bench(place: Path, start_server: StartServer) -> StartBench:
    """Start an nginx on configuration by hand."""

    def start(http: str, server: str) -> Bench:
        require("nginx")
        ports = {str(status): free_port() for status in (200, 302, 404, 503)}
        stand_ins = "".join(stand_in(int(status), number) for status, number in ports.items())
        port = free_port()
        for name, number in {**ports, "closed": free_port()}.items():
            http = http.replace(f"{{{name}}}", str(number))
            server = server.replace(f"{{{name}}}", str(number))
        tree = place / "tree"
        (tree / "temp").mkdir(parents=True)
        temporary = "".join(
            f"{word}_temp_path temp/{word};"
            for word in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tree / "nginx.conf").write_text(
            f"pid nginx.pid; error_log error.log; events {{}}\nhttp {{ access_log off; {temporary}\n"
            f"{stand_ins}{http}\nserver {{ listen {HOST}:{port}; absolute_redirect off;\n{server}\n}} }}\n"
        )
        return Bench(port, start_server("nginx", tree, [port]))

    return start

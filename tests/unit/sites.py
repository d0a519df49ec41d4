"""Plans for unit tests, from site files given as text."""

from __future__ import annotations

from textwrap import dedent

from rewritegen.plan import Plan, compile_plan
from rewritegen.site import load_site

__all__ = ["FULL", "plan_of"]

#: Every kind of step, in one site.
FULL = """
    server_name: packages.example.org
    state: /state
    private:
      - {name: team, path: /srv/team, claims: [acme-*, secret-tool]}
      - {name: lab, path: /srv/lab, listing: automatic}
      - {name: wheels, path: /srv/wheels, layout: flat}
      - {name: eggs, proxy: "http://127.0.0.1:8888/eggs/", claims: [egg-*]}
    public: [acme-oss]
    fallbacks:
      - {name: netbook, mirror: /srv/pypi/web}
      - {name: attic, mirror: /srv/attic, layout: static}
      - {name: index, proxy: "https://index.example.org/simple/", kind: pypi, files: ["https://files.example.org/"]}
      - {name: last, redirect: "https://last.example.org/simple/"}
"""


def plan_of(text: str) -> Plan:
    """Compile a site file given as indented text."""
    return compile_plan(load_site("site.yaml", text=dedent(text).encode()))

"""A machine's web server as a distribution sets it up, in a directory: main file, included directories, another host.

The real nginx and httpd run on it. What is generated for an installed server logs below /var/log: the fixture
``machine`` of tests/apply puts that below the directory, too.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rewritegen.cli import main
from rewritegen.provenance import fingerprint_of
from tests.support import processes, trees
from tests.support.ports import HOST, free_port
from tests.support.scenes import wheels
from tests.support.sites import index_site, write_site
from tests.support.tools import require
from tests.support.wire import ask

__all__ = ["LAYOUTS", "Done", "Host", "Machine", "fingerprint", "run"]

#: (server, layout) -> main file, directory of virtual hosts, what the main file includes; relative to /etc.
LAYOUTS = {
    ("nginx", "debian"): ("nginx/nginx.conf", "nginx/sites-enabled", "include {etc}/nginx/sites-enabled/*;"),
    ("nginx", "redhat"): ("nginx/nginx.conf", "nginx/conf.d", "include {etc}/nginx/conf.d/*.conf;"),
    ("nginx", "relative"): ("nginx/nginx.conf", "nginx/conf.d", 'include "conf.d/*.conf"; # by its own directory'),
    ("apache", "debian"): ("apache2/apache2.conf", "apache2/sites-enabled", "IncludeOptional sites-enabled/*.conf"),
    ("apache", "redhat"): ("httpd/conf/httpd.conf", "httpd/conf.d", "IncludeOptional conf.d/*.conf"),
    ("apache", "nested"): ("httpd/conf/httpd.conf", "httpd/conf.d", "Include conf/extra.conf"),
}  # fmt: skip

_TEMPORARY = "".join(
    f"{word}_temp_path {{root}}/temp_{word}; "
    for word in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
_NGINX = (
    "pid {root}/run/server.pid;\nerror_log {root}/log/error.log;\nworker_processes 2;\n"
    "events {{ worker_connections 768; }}\nhttp {{\n    access_log off;\n    " + _TEMPORARY + "\n"
    "    server {{ listen {host}:{other}; server_name other.example.org; return 200 other; }}\n"
    "    # include /not/this/one;\n    {include}\n}}\n"
)
_APACHE = """\
ServerRoot "{etc}/{base}"
ServerName host.example.org
{modules}
{user}
PidFile {root}/run/server.pid
DefaultRuntimeDir {root}/run
ErrorLog {root}/log/error.log
TypesConfig /dev/null
<IfModule mpm_event_module>
    ServerLimit 16
    StartServers 2
    ThreadsPerChild 25
    MaxRequestWorkers 400
</IfModule>
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
# Include /not/this/one
Listen {host}:{other}
<VirtualHost {host}:{other}>
    ServerName other.example.org
</VirtualHost>
{include}
"""
_MODULE_DIRECTORIES = (
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/local/apache2/modules",
)
_MODULES = (
    *(
        "actions",
        "mpm_event",
        "authn_core",
        "authn_file",
        "auth_basic",
        "authz_core",
        "authz_user",
        "alias",
    ),
    *("autoindex", "deflate", "dir", "filter", "headers", "lbmethod_byrequests", "mime", "proxy"),
    *("proxy_balancer", "proxy_http", "rewrite", "slotmem_shm", "ssl", "substitute", "cache"),
    *("cache_disk",),
)


class Done(NamedTuple):
    """How the command ended."""

    code: int
    out: str
    err: str


@dataclass
class Host:
    """One server with one site, and the command that is run on it."""

    kind: str
    root: Path
    layout: str = "redhat"
    settings: dict[str, Any] = field(default_factory=dict)
    server: processes.Server | None = None

    def __post_init__(self) -> None:
        require(self.kind)
        self.port, self.other = free_port(), free_port()
        main_file, hosts, include = LAYOUTS[self.kind, self.layout]
        etc = self.root / "etc"
        self.config, self.hosts = etc / main_file, etc / hosts
        for path in (self.config.parent, self.hosts, self.root / "log", self.root / "run"):
            path.mkdir(parents=True, exist_ok=True)
        values = {
            "etc": etc,
            "root": self.root,
            "host": HOST,
            "other": self.other,
            "include": include.format(etc=etc),
            "base": main_file.partition("/")[0],
            "modules": "\n".join(_load_lines()),
            "user": 'User "#65534"\nGroup "#65534"' if processes.is_root() else "",
        }
        self.config.write_text((_NGINX if self.kind == "nginx" else _APACHE).format(**values))
        if self.layout == "nested":
            (self.config.parent / "extra.conf").write_text("IncludeOptional conf.d/*.conf\n")
        team = trees.projects(self.root / "team", wheels("acme-foo-1.0"))
        self.site_file = self.root / "site.yaml"
        self.settings = {
            "state": str(self.root / "pages"),
            "private": [{"name": "team", "path": str(team), "claims": ["acme-*"]}],
            **self.settings,
        }
        self.inner = f"{HOST}:{free_port()}"
        self.write()
        index_site(self.site_file)

    @property
    def installed(self) -> Path:
        """Where the file of the site goes."""
        return self.hosts / "packages.example.org.conf"

    @property
    def state(self) -> Path:
        """The state directory of apply."""
        return self.root / "apply"

    @property
    def history(self) -> Path:
        """Where that of this site is."""
        return self.state / "packages.example.org" / self.kind

    def write(self, **more: Any) -> None:
        """Write the site file, with other settings."""
        write_site(self.site_file, {"inner": self.inner, **self.settings, **more}, self.port)

    def claim(self, *names: str) -> None:
        """Write the site file with other claims: another generation."""
        private = [{**self.settings["private"][0], "claims": ["acme-*", *names]}]
        self.write(private=private)

    def start(self) -> processes.Server:
        """Start the server on what is there now."""
        binary = str(require(self.kind))
        if self.kind == "nginx":
            command = [binary, "-c", str(self.config), "-g", "daemon off;"]
        else:
            command = [binary, "-d", str(self.base), "-f", str(self.config), "-DFOREGROUND"]
        self.server = processes.start(self.kind, self.root / "tree", [self.other], command)
        # httpd reads its configuration once more when it listens already: what is changed until then is read, too
        processes.wait_until(self._answers, "it answers", 30)
        return self.server

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, AssertionError):
            return ask(self.other, "/").status > 0
        return False

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    @property
    def base(self) -> Path:
        """ServerRoot."""
        return self.root / "etc" / LAYOUTS[self.kind, self.layout][0].partition("/")[0]

    def words(self, *more: str) -> list[str]:
        """Return the command line of ``apply`` for this machine."""
        root = ["--server-root", str(self.base)] if self.kind == "apache" else []
        return [
            *("apply", str(self.site_file), "--server", self.kind, "--state", str(self.state)),
            *("--server-config", str(self.config), *root, "--timeout", "30", *more),
        ]

    def apply(self, *more: str) -> Done:
        """Run ``rewritegen apply``, without ``check`` unless it is asked for."""
        words = [word for word in more if word != "--check"]
        return run(self.words(*words, *([] if "--check" in more else ["--no-check"])))

    def fingerprint(self) -> str:
        """What answers at ``/-/rewritegen``, the same several times in a row; empty when nobody does."""
        answers: list[str] = []

        def is_settled() -> bool:
            answers.append(fingerprint(self.port))
            return len(answers) >= 5 and len(set(answers[-5:])) == 1

        # on a busy machine an old process of the server may answer for a moment longer
        processes.wait_until(is_settled, "the server settles on one answer", 30)
        return answers[-1]

    def installed_fingerprint(self) -> str:
        """What the file that is there says its fingerprint is."""
        return fingerprint_of(self.installed.read_text())

    def is_clean(self) -> bool:
        """Tell whether nothing is left over of a run that was killed."""
        hidden = list((self.root / "etc").rglob(".*"))
        leftovers = {"pending", "trial", "new", "gone"} & {
            path.name for path in self.history.iterdir()
        }
        return not hidden and not leftovers


class Machine(Protocol):
    """What the fixture ``machine`` gives."""

    def __call__(self, kind: str, layout: str = "redhat", **settings: Any) -> Host: ...


def run(words: Sequence[str]) -> Done:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
    return Done(code, out.getvalue(), err.getvalue())


def fingerprint(port: int) -> str:
    """Return what a site says its fingerprint is."""
    try:
        answer = ask(port, "/-/rewritegen")
    except OSError:
        return ""
    return answer.body.decode().strip() if answer.status == 200 else ""


def _load_lines() -> list[str]:
    place = next((path for path in _MODULE_DIRECTORIES if Path(path).is_dir()), "")
    return [f"LoadModule {name}_module {place}/mod_{name}.so" for name in _MODULES if place]

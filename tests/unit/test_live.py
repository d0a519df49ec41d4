"""What a server's configuration includes and listens on, as its own program reads it; and which text answers."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rewritegen.answering import Address, await_fingerprint, fingerprint_at
from rewritegen.apply.trial import Trial, standing_in, sweep
from rewritegen.diagnostics import RewritegenError
from rewritegen.servers.apache.live import LiveApache
from rewritegen.servers.live import Live
from rewritegen.servers.nginx.live import LiveNginx
from tests.support.ports import HOST


def nginx(root: Path = Path("/etc/nginx")) -> Live:
    return LiveNginx("/usr/sbin/nginx", root / "nginx.conf", root)


def apache(root: Path = Path("/etc/httpd")) -> Live:
    return LiveApache("/usr/sbin/httpd", root / "conf/httpd.conf", root)


NGINX_INCLUDES = [
    ("include a.conf;", ["a.conf"]),
    (
        "http { include conf.d/*.conf ; include 'b c';include \"d\"; }",
        ["conf.d/*.conf", "b c", "d"],
    ),
    ("# include a.conf;\nuser x; # include b;\n", []),
    ("set $x include; return 200 'include a;';", []),
    ('log_format x "include a;" ; include\n  b;', ["b"]),
    ("if ($x ~ a{2}) { include c#d; }", ["c#d"]),
    (r"include a\;b;", ["a;b"]),
    ("xinclude a; include_x b;", []),
    ("include;", []),
]


@pytest.mark.parametrize(("text", "expected"), NGINX_INCLUDES, ids=[t for t, _ in NGINX_INCLUDES])
def test_nginx_includes(text: str, expected: list[str]) -> None:
    found = nginx().includes(text)
    assert [include.pattern for include in found] == expected
    assert all(text[include.start : include.end].startswith("include") for include in found)
    assert all(text[include.start : include.end].endswith(";") for include in found)


APACHE_INCLUDES = [
    ("Include a.conf\n", ["a.conf"]),
    ('  includeoptional "b c/*.conf"\t\nINCLUDE d', ["b c/*.conf", "d"]),
    ("# Include a\nIncludeX b\nServerName Include\n", []),
]


@pytest.mark.parametrize(("text", "expected"), APACHE_INCLUDES, ids=[t for t, _ in APACHE_INCLUDES])
def test_apache_includes(text: str, expected: list[str]) -> None:
    assert [include.pattern for include in apache().includes(text)] == expected


OPENS = [
    pytest.param(nginx, "listen 80;", "", {("", 80)}, id="nginx, new"),
    pytest.param(nginx, "listen 80;", "  listen 80 default_server;", set(), id="nginx, held"),
    pytest.param(nginx, "listen 127.0.0.1:80;", "listen *:80;", set(), id="nginx, held by any"),
    pytest.param(nginx, "listen 80;", "listen 127.0.0.1:80;", {("", 80)}, id="nginx, wider"),
    pytest.param(nginx, "listen [::]:81;\nlisten unix:/x;", "", {("::", 81)}, id="nginx, others"),
    pytest.param(nginx, "listen [::1]:81 ssl;\nlisten localhost;", "", {("::1", 81), ("localhost", 80)}, id="names"),
    pytest.param(nginx, "# listen 80;\nxlisten 81;", "", set(), id="nginx, nothing"),
    pytest.param(apache, 'Listen "80"\nListen 127.0.0.1:81', "", {("", 80), ("127.0.0.1", 81)}, id="httpd, new"),
    pytest.param(apache, "Listen 80", "listen 0.0.0.0:80\n", set(), id="httpd, held"),
    pytest.param(apache, "Listen 127.0.0.1:80", "Listen 80", {("127.0.0.1", 80)}, id="httpd, held by any"),
    pytest.param(apache, "Listen [::1]:80 https\n# Listen 9", "", {("::1", 80)}, id="httpd, others"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "new", "present", "expected"), OPENS)
def test_what_must_be_opened(
    make: type, new: str, present: str, expected: set[tuple[str, int]]
) -> None:
    live: Live = make()
    assert live.opens([new], [present]) == expected


# ------------------------------------------------------------------ commands


def test_commands_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"apache2ctl": "/usr/sbin/apache2ctl", "apachectl": "/usr/sbin/apachectl"}
    monkeypatch.setattr(
        "rewritegen.servers.apache.live.program",
        lambda *names: next((found[name] for name in names if name in found), None),
    )
    for root, file, test, reload in [
        ("/etc/apache2", "apache2.conf", "/usr/sbin/apache2ctl -t -f COPY", "/usr/sbin/apache2ctl graceful"),
        ("/etc/httpd", "conf/httpd.conf", "BINARY -f COPY -t", "/usr/sbin/apachectl graceful"),
    ]:  # fmt: skip
        said = f' -D HTTPD_ROOT="{root}"\n -D SERVER_CONFIG_FILE="{file}"\n'
        monkeypatch.setattr("rewritegen.servers.apache.live._about", lambda binary, said=said: said)
        live = LiveApache("BINARY", None, None)
        assert str(live.config) == f"{root}/{file}"
        assert " ".join(live.test_command(Path("COPY"))) == test
        assert " ".join(live.reload_command()) == reload
        assert {str(each) for each in live.directories} == {f"{root}/sites-enabled", f"{root}/conf.d"}  # fmt: skip
    said = "configure arguments: --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf"
    monkeypatch.setattr("rewritegen.servers.nginx.live._configured", lambda binary: said)
    server = LiveNginx("BINARY", None, None)
    assert str(server.config) == "/etc/nginx/nginx.conf"
    assert " ".join(server.test_command(Path("COPY"))) == "BINARY -t -q -c COPY"
    assert " ".join(server.reload_command()) == "BINARY -s reload"


@pytest.mark.parametrize(
    ("number", "start"),
    [
        pytest.param("{alive}", "", id="it runs"),
        pytest.param("{dead}", "systemctl start apache2", id="it was killed"),
        pytest.param("", "systemctl start apache2", id="it is starting or ending"),
        pytest.param(None, "systemctl start apache2", id="it was stopped"),
    ],
)
def test_httpd_that_a_reload_would_start(
    number: str | None, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    file = tmp_path / "apache2.pid"
    if number is not None:
        file.write_text(number.format(alive=os.getppid(), dead=child.pid) + "\n")
    said = f'ServerRoot: "/x"\nPidFile: "{file}"\nDefine: DUMP_RUN_CFG\n'
    monkeypatch.setattr("rewritegen.servers.apache.live._said", lambda command: said)
    assert LiveApache("/usr/sbin/apache2", None, None).start_instead() == start
    assert LiveApache("/usr/sbin/apache2", tmp_path / "main", tmp_path).start_instead() == (
        f"/usr/sbin/apache2 -d {tmp_path} -f {tmp_path}/main" if start else ""
    )
    # what cannot be asked is told by the reload; and nginx starts nothing
    monkeypatch.setattr("rewritegen.servers.apache.live._said", lambda command: "")
    assert LiveApache("/usr/sbin/apache2", None, None).start_instead() == ""
    assert nginx().start_instead() == ""


# ------------------------------------------------------------------ copies


def test_only_what_lies_in_between_is_copied(tmp_path: Path) -> None:
    etc = tmp_path / "nginx"
    (etc / "conf.d").mkdir(parents=True)
    (etc / "nginx.conf").write_text("a;\ninclude mime.types;\ninclude hosts.conf; # ours\nb;\n")
    (etc / "mime.types").write_text("types { }\n")
    (etc / "hosts.conf").write_text(f"include {etc}/conf.d/*.conf;\n")
    (etc / "conf.d" / "a.conf").write_text("first;\n")
    (etc / "conf.d" / "z.conf").write_text("last;\n")
    (etc / "conf.d" / ".hidden.conf").write_text("hidden;\n")
    ours = etc / "conf.d" / "m.conf"
    copies = tmp_path / "copies"
    trial = Trial(nginx(etc), {ours: b"new;\n"}, copies)
    assert trial.unread() == []
    assert {path: data.decode() for path, data in trial.texts.items()} == {
        etc / ".nginx.conf.rewritegen-trial-copies": (
            f"a;\ninclude mime.types;\ninclude {copies}/1-hosts.conf; # ours\nb;\n"
        ),
        copies / "1-hosts.conf": (
            f"include {etc}/conf.d/a.conf;\ninclude {copies}/0-m.conf;\ninclude {etc}/conf.d/z.conf;\n"
        ),
        copies / "0-m.conf": "new;\n",
    }
    ours.write_text("old;\n")
    without = Trial(nginx(etc), {ours: None}, copies)
    assert without.texts[copies / "0-hosts.conf"].decode() == (
        f"include {etc}/conf.d/a.conf;\ninclude {etc}/conf.d/z.conf;\n"
    )
    assert Trial(nginx(etc), {tmp_path / "elsewhere.conf": b""}, copies).unread() == [
        tmp_path / "elsewhere.conf"
    ]


def conf_d(root: Path) -> Path:
    """A main file that includes a directory."""
    hosts = root / "conf.d"
    hosts.mkdir()
    (root / "nginx.conf").write_text("include conf.d/*.conf;\n")
    return hosts


@pytest.mark.parametrize("data", [b"other;\n", None], ids=["another text", "nothing"])
def test_two_texts_for_one_place_are_refused(data: bytes | None, tmp_path: Path) -> None:
    hosts = conf_d(tmp_path)
    (tmp_path / "link").symlink_to(hosts)
    with pytest.raises(RewritegenError, match="are one file") as caught:
        Trial(
            nginx(tmp_path),
            {hosts / "a.conf": b"new;\n", tmp_path / "link/a.conf": data},
            tmp_path / "copies",
        )
    assert caught.value.problems[0].code == "RG857"


def test_a_link_that_goes_is_not_what_it_leads_to(tmp_path: Path) -> None:
    """And what goes is missed by a link to it."""
    hosts = conf_d(tmp_path)
    available = tmp_path / "available.conf"
    available.write_text("old;\n")
    (hosts / "a.conf").symlink_to(available)
    (hosts / "b.conf").symlink_to(available)
    copies = tmp_path / "copies"
    main = tmp_path / ".nginx.conf.rewritegen-trial-copies"
    said = Trial(nginx(tmp_path), {hosts / "a.conf": None}, copies).texts[main].decode()
    assert said == f"include {hosts}/b.conf;\n"
    said = Trial(nginx(tmp_path), {available: None}, copies).texts[main].decode()
    assert said == "".join(f"include {copies}/nothing-behind-{name}.conf;\n" for name in "ab")


@pytest.mark.parametrize("make", [nginx, apache])
def test_each_run_has_copies_of_its_own(make: Callable[[Path], Live], tmp_path: Path) -> None:
    """Nobody else may read them; and who ends first takes only its own away."""
    live = make(tmp_path)
    live.config.parent.mkdir(exist_ok=True)
    live.config.write_text("")
    place = tmp_path / "state" / "trial"
    with standing_in(live, {}, place) as one:
        with standing_in(live, {}, place) as other:
            assert one.main != other.main
            assert one.main.stat().st_mode & 0o7777 == 0o600
            assert {path.stat().st_mode & 0o7777 for path in place.iterdir()} == {0o700}
        assert one.main.exists()
        assert not other.main.exists()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [live.config.name]


@pytest.mark.parametrize(
    ("run", "stays"),
    [
        pytest.param("-{dead}-0f", False, id="a killed one"),
        pytest.param("-{alive}-0f", True, id="one that is at work without the lock"),
        pytest.param("-{own}-0f", False, id="one that had our number"),
        pytest.param("", False, id="of an earlier version"),
    ],
)
def test_what_a_killed_run_left_is_swept(run: str, stays: bool, tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    run = run.format(dead=child.pid, alive=os.getppid(), own=os.getpid())
    live = nginx(tmp_path)
    beside = tmp_path / f".nginx.conf.rewritegen-trial{run}"
    place = tmp_path / "state/site/nginx/trial"
    inside = place / (run.lstrip("-") or "httpd.conf")
    mine = tmp_path / ".nginx.conf.swp"
    inside.parent.mkdir(parents=True)
    if run:
        inside.mkdir()
        (inside / "0-a.conf").write_text("")
    else:
        inside.write_text("")
    beside.write_text("")
    mine.write_text("")
    sweep(live, place)
    assert (beside.exists(), inside.exists(), place.parents[1].exists()) == (stays,) * 3
    assert mine.exists()


def test_files_that_include_each_other_come_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("include nginx.conf;\n")
    assert Trial(nginx(tmp_path), {}, tmp_path / "copies").unread() == []


# ------------------------------------------------------------------ fingerprints


@contextmanager
def answering(answers: list[str]) -> Iterator[tuple[Address, list[str]]]:
    """A server that gives these answers, the last one for ever; and the Host headers that it saw."""
    hosts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            body = answers[min(len(hosts), len(answers)) - 1].encode()
            self.send_response(200 if body else 503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.HTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Address("http", HOST, server.server_port, "packages.example.org"), hosts
        finally:
            server.shutdown()
            thread.join()


def test_one_new_answer_is_not_enough() -> None:
    """After a reload old and new processes accept side by side."""
    with answering(["old", "new", "new", "new", "new", "old", "", "new"]) as (address, hosts):
        assert await_fingerprint([address], lambda came: came == "new", 30) is None
    assert len(hosts) == 12
    assert set(hosts) == {"packages.example.org"}


def test_what_never_comes_is_told() -> None:
    with answering(["old"]) as (address, _):
        late = await_fingerprint([address], lambda came: came == "new", 2)
    assert late == (address, "old")
    assert fingerprint_at(address) == ""  # nobody listens there any more

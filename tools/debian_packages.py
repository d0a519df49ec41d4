"""Install the Debian packages that the tests use, when they are missing and we may.

Nothing is started: while the packages are configured, a temporary ``policy-rc.d`` tells Debian's ``invoke-rc.d`` that
no service may start (its answer 101), and where systemd runs the two services that came with them are disabled
again. The tests run their own servers, on other ports and as another process tree. A service that was there before
is not touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools import engine

#: Program or file that proves a package, and the package.
NEEDED = {
    "/usr/sbin/nginx": "nginx",
    "/usr/sbin/apachectl": "apache2",
    "/usr/bin/openssl": "openssl",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
#: The same, for tests in containers.
FOR_CONTAINERS = {
    "/usr/sbin/dockerd": "docker.io",
    "/usr/sbin/iptables": "iptables",
    "/usr/sbin/debootstrap": "debootstrap",
    "/usr/bin/ssh": "openssh-client",  # Ansible's way to them
}
#: The same, when REWRITEGEN_REQUIRE names it: it is large, and one test needs it.
IF_REQUIRED = {"/usr/bin/chromium": "chromium"}
SERVICES = {"nginx", "apache2", "docker", "containerd"}
POLICY = Path("/usr/sbin/policy-rc.d")


def missing(needed: Mapping[str, str]) -> list[str]:
    """Return the packages of a table like :data:`NEEDED` that are not there."""
    return [package for proof, package in needed.items() if not Path(proof).exists()]


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Forbid Debian's maintainer scripts to start services; an existing policy stays in force instead."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def apt_get(*arguments: str) -> None:
    """Run apt-get without questions; what it says is shown only when it fails.

    :raises subprocess.CalledProcessError: when it fails.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # a timer of the machine may be at it, and a mirror may fail once
    patient = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")
    command = ["apt-get", *patient, *arguments]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)


def install(packages: list[str]) -> None:
    """Install ``packages``, and start none of their services.

    :raises subprocess.CalledProcessError: when apt-get fails; what it said is on stderr.
    """
    with no_service_starts():
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", *packages)
    if Path("/run/systemd/system").is_dir():
        for service in sorted(SERVICES.intersection(packages)):
            subprocess.run(["systemctl", "disable", "--quiet", service], check=False)


def main() -> int:
    """Install what is missing; exit 1 with the command to type when that cannot be done here.

    An engine that answers is as good as one of our own.
    """
    packages = missing(NEEDED)
    for_containers = missing(FOR_CONTAINERS)
    if engine.found():
        for_containers = [name for name in for_containers if name not in ("docker.io", "iptables")]
    packages += for_containers
    required = os.environ.get("REWRITEGEN_REQUIRE", "").replace(",", " ").split()
    packages += [name for name in missing(IF_REQUIRED) if {name, "all"}.intersection(required)]
    if not packages:
        return 0
    command = "apt-get install --no-install-recommends " + " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"missing: {', '.join(packages)}; as root on Debian: {command}", file=sys.stderr)
        return 1
    print(
        f"installing from Debian: {' '.join(packages)} (no service is started)",
        file=sys.stderr,
        flush=True,
    )
    try:
        install(packages)
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd)}: exit code {error.returncode}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

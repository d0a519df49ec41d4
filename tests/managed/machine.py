"""A Debian as an administrator has it: systemd, nginx or httpd as its service, sshd; ours is not installed yet.

It is a container whose first process is systemd, so that a reload is the reload of the service and units are real. All
that it can reach is its own network: packages come from a wheelhouse, as in a closed network.
"""

from __future__ import annotations

import io
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.containers.grown import grown_image
from tests.containers.images import DEFAULT
from tests.containers.lab import Box, Lab
from tests.support import trees
from tests.support.dists import wheel_bytes
from tests.support.scenes import wheels

__all__ = ["EXAMPLES", "HOME", "NAME", "SSH", "Machine", "start"]

#: What the recipes need besides the servers; Puppet and cloud-init are Debian's own.
PACKAGES = (
    "apache2-utils",
    "cloud-init",
    "curl",
    "dbus",
    "logrotate",
    "openssh-server",
    "puppet-agent",
    "sudo",
    "systemd-sysv",
)
NAME = "packages.example.org"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SSH = 22
HOME = "/root"
READY_SECONDS = 60.0
RUN = (
    "set -eu\nsystemctl -q disable nginx apache2\nsystemctl -q enable {service}\nexec /sbin/init\n"
)
#: systemd mounts things for its services, and has cgroups of its own; both without being privileged.
_SYSTEMD = {
    "cap_add": ["SYS_ADMIN"],
    "security_opt": ["seccomp=unconfined"],
    "cgroupns": "private",
    "tmpfs": {"/run": "exec", "/run/lock": ""},
    "environment": {"container": "docker"},
}
SERVICES = {"nginx": "nginx", "apache": "apache2"}


@dataclass(frozen=True, slots=True)
class Machine:
    """One of them, that has come up."""

    box: Box
    kind: str

    def run(self, command: str, *, user: str = "") -> tuple[int, str]:
        """Run a line of shell as root: exit code and output."""
        return self.box.run("/bin/sh", "-c", command, user=user)

    def must(self, command: str, *, user: str = "") -> str:
        """The output of a line of shell that must succeed."""
        code, said = self.run(command, user=user)
        assert code == 0, f"{command}: exit code {code}\n{said}"
        return said

    def put(self, path: str, data: bytes | str, mode: int = 0o644) -> None:
        """Write a file, and make its directory."""
        raw = data.encode() if isinstance(data, str) else data
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(raw), mode
            member.mtime = int(time.time())  # Salt knows a file that it has seen by its time
            archive.addfile(member, io.BytesIO(raw))
        assert self.box.container.put_archive("/", packed.getvalue())

    def get(self, path: str, host: str = NAME, port: int = 8080) -> str:
        """What the site answers, by a client on the machine: the body of a 200."""
        return self.must(f"curl -sS --fail --max-time 30 http://{host}:{port}{path}")

    def text(self) -> str:
        """The configuration that is installed, or nothing."""
        directory = "/etc/nginx/conf.d" if self.kind == "nginx" else "/etc/apache2/sites-enabled"
        return self.run(f"cat {directory}/{NAME}.conf 2>/dev/null")[1]

    def etc(self) -> str:
        """A hash of all that is installed below /etc, with modes and owners; tools note there that they were run."""
        ours = "find /etc -path /etc/puppet -prune -o -path /etc/salt -prune -o"
        listed = f"{ours} -type f -printf '%p %m %u %g ' -exec sha256sum {{}} ';'"
        return self.must(f"{{ {listed}; {ours} -type l -printf '%p %l\\n'; }} | sort | sha256sum")

    def checked(self) -> None:
        """Run the unit that looks every hour, once, as examples/systemd has it: it ends with 0 when all is well."""
        for unit in ("check@.service", "failed@.service"):
            text = (EXAMPLES / f"systemd/rewritegen-{unit}").read_text()
            self.put(f"/etc/systemd/system/rewritegen-{unit}", text)
        unit = f"rewritegen-check@{NAME}.service"
        self.must(
            f"systemctl daemon-reload; systemctl start {unit} || {{ journalctl -u {unit}; false; }}"
        )

    def generation(self) -> frozenset[str]:
        """What there is more of after a reload: workers of nginx, of which old ones may still be on their way out.

        httpd replaces a worker whenever it likes, so that it is what it logs of each reload.
        """
        if self.kind == "apache":
            said = self.must("grep 'resuming normal operations' /var/log/apache2/error.log")
            return frozenset(said.splitlines())
        pids = self.must(f"pgrep -P $(systemctl show -P MainPID {SERVICES[self.kind]})")
        return frozenset(pids.split())


def start(lab: Lab, kind: str, wheelhouses: list[Path], place: Path) -> Machine:
    """Boot one whose service is nginx or httpd, with one private wheel and a mirror; returns when it is up.

    :param wheelhouses: directories that pip in it is pointed to, by /etc/pip.conf.
    """
    image = grown_image(lab, DEFAULT, PACKAGES)
    mirror = place / "mirror"
    trees.bandersnatch(mirror, wheels("public-one-1.0"))
    read: dict[Path, Path | str] = {mirror: "/srv/pypi/web"}
    read |= {house: f"/srv/wheels/{number}" for number, house in enumerate(wheelhouses)}
    box = lab.run(
        image,
        ["/bin/sh", "-c", RUN.format(service=SERVICES[kind])],
        alias=NAME,
        read=read,
        publish=[SSH],
        options={**_SYSTEMD, "hostname": "machine"},
    )
    machine = Machine(box, kind)
    states = ("running", "degraded")
    box.wait_for(
        lambda: machine.run("systemctl is-system-running")[1].strip() in states,
        "systemd has started everything",
        READY_SECONDS,
    )
    found = " ".join(f"/srv/wheels/{number}" for number in range(len(wheelhouses)))
    machine.put("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {found}\n")
    machine.put(
        "/srv/packages/team/acme-foo/acme_foo-1.0-py3-none-any.whl", wheel_bytes("acme-foo", "1.0")
    )
    return machine

"""The files of examples/logrotate, used by the real logrotate on a machine that serves."""

from __future__ import annotations

from tests.managed.machine import NAME, Machine

__all__ = ["rotate"]

SECONDS = 60.0


def rotate(machine: Machine, directory: str) -> None:
    """What was answered before is in the old file, what is answered after is in the new one, and all is still answered.

    :param directory: where the server logs; its file of examples/logrotate is installed.
    """
    log = f"{directory}/{NAME}.access.json"
    owners = machine.must(f"stat -c %U:%G {directory}/{NAME}.*.json").split()
    _ask(machine, "before", log)
    assert _opened(machine, log)
    machine.must(f"logrotate --force /etc/logrotate.d/rewritegen-{machine.kind}")
    # the server is told by a signal, and writes there until it has heard that
    machine.box.wait_for(
        lambda: not _opened(machine, f"{log}.1"), f"nobody has {log}.1 open", SECONDS
    )
    _ask(machine, "after", log)
    for what, there in (("before", f"{log}.1"), ("after", log)):
        other = log if there != log else f"{log}.1"
        machine.must(f"grep -q acme-{what} {there} && ! grep -q acme-{what} {other}")
    # readable by nobody else, and for httpd, which opens its logs as root, of the same owner
    assert machine.must(f"stat -c %a {log}").strip() == "640"
    if machine.kind == "apache":
        assert machine.must(f"stat -c %U:%G {directory}/{NAME}.*.json").split() == owners
    _ = machine.get("/-/health")


def _opened(machine: Machine, path: str) -> list[str]:
    """The descriptors of all processes that have a file open; one that ends meanwhile has none."""
    return machine.run(f"find /proc/[0-9]*/fd -lname {path} 2> /dev/null")[1].split()


def _ask(machine: Machine, word: str, log: str) -> None:
    """Ask until it is in the log: nginx writes every few seconds, and old processes of httpd go on for a moment."""
    machine.box.wait_for(
        lambda: (
            machine.run(
                f"curl -s http://{NAME}:8080/simple/acme-{word}/ > /dev/null; grep -q acme-{word} {log}"
            )[0]
            == 0
        ),
        f"acme-{word} is in {log}",
        SECONDS,
    )

"""The official images of nginx and httpd, where they are here or a registry can be reached.

Whether that is so is found out by asking for them, oldest first; the first that cannot be had ends the questions.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

#: Names as `docker pull` takes them. The oldest nginx that is supported, the stable, the newest; httpd has one line.
REFERENCES = ("httpd:2.4", "nginx:1.18", "nginx:stable", "nginx:mainline")
#: The variable that tells the tests which of them are here.
VARIABLE = "REWRITEGEN_OFFICIAL"
PULL_SECONDS = 180


def had(address: str) -> Iterator[str]:
    """Yield the references of images that the engine has, or can pull."""
    for reference in REFERENCES:
        known = docker(address, "image", "inspect", "--format", "{{.Id}}", reference)
        if not known and not docker(address, "pull", "--quiet", reference):
            return
        yield reference


def docker(address: str, *arguments: str) -> bool:
    """Run the client; tell whether it did what it was told."""
    try:
        done = subprocess.run(
            ["docker", *arguments],
            env={**os.environ, "DOCKER_HOST": address},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=PULL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

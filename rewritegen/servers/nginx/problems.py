"""What nginx, or this nginx, cannot be given: the codes, and why each is a problem at all."""

from __future__ import annotations

from rewritegen.diagnostics import Problem

__all__ = ["CODES", "problem"]

#: Codes are stable: a code is never given another meaning.
CODES: dict[str, str] = {
    "RG601": "a value that nginx would read as something else would change the configuration",
    "RG602": "what is written depends on the version and the modules of the program",
    "RG603": "older versions lack what the text is made of, and have known holes",
    "RG604": "without the module the configuration would not start, or would answer something else",
    "RG605": "nginx ends a request with 500 at its 11th internal jump, so a longer chain cannot be answered",
    "RG606": "locations for somebody else's server must leave it something",
    "RG607": "who makes the TLS connection asks for the certificate",
}


def problem(code: str, message: str, help: str, key: str = "") -> Problem:
    """Return a problem; its place in the site file, if it has one, is found by ``key``.

    :raises KeyError: for a code that is not in the table.
    """
    if code not in CODES:
        raise KeyError(code)
    return Problem(code, message, None, help, key=key)

"""The site file to start from, as ``rewritegen init`` prints it."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from rewritegen.diagnostics import Problem, RewritegenError
from rewritegen.templating import environment
from rewritegen.values import host_name

__all__ = ["starter"]


def starter(server_name: str = "packages.example.org") -> str:
    """Return a commented site file that is valid as it stands, and with each of its examples uncommented.

    :raises RewritegenError: when ``server_name`` is not a host name.
    """
    try:
        name = host_name(server_name)
    except PydanticCustomError as refused:
        context = refused.context or {}
        problem = Problem(context["code"], context["message"], None, context["help"])
        raise RewritegenError([problem]) from None
    return environment().get_template("init/site.yaml.j2").render(server_name=name)

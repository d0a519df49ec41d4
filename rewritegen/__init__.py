"""rewritegen: one YAML file in, a private-first Python package index out, for nginx and for Apache."""

__version__ = "0.1.0"

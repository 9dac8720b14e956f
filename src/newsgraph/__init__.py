"""newsgraph: a GraphQL news service with live updates."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("newsgraph")

"""The pages' HTML, and how values get into it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

# Read once, with the module: pages are rendered where nothing may wait for a disk.
_TEMPLATES = {file.name: file.read_text("utf-8") for file in files(__name__).iterdir() if file.name.endswith(".html")}


def render(name: str, values: Mapping[str, str]) -> str:
    """The template with each `{{name}}` replaced; whoever calls has escaped the values for where they stand."""
    page = _TEMPLATES[name]
    for key, value in values.items():
        page = page.replace("{{" + key + "}}", value)
    return page

"""The picture: requests per second of each server, as bars on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10

from read.contenders import CONTENDERS
from read.report import Row

_WIDTH, _LEFT, _RIGHT = 760, 230, 70  # of the picture, of its names, and what is kept for a bar's figure
_BAR, _APART, _TITLE = 16, 22, 40  # heights
_OURS, _OTHERS = "#1f6f8b", "#b9b9b4"
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)


def plot(rows: Sequence[Row]) -> str:
    """SVG. Servers that were not measured are left out."""
    measured = [row for row in rows if row.medians]
    values = [row.medians["per_second"] for row in measured]
    scale = floor(log10(min(values))), ceil(log10(max(values)))
    parts, y = [], 0
    for operation in dict.fromkeys(row.operation for row in measured):
        parts.append(f'<text class="title" x="0" y="{y + 24}">{operation}: requests per second, logarithmic</text>')
        y += _TITLE
        for row in sorted((r for r in measured if r.operation == operation), key=lambda r: -r.medians["per_second"]):
            parts += _bar(row, y, scale)
            y += _APART
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" role="img">'
    title = "<title>Requests per second, on a logarithmic scale</title>"
    return "\n".join([head, title, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _bar(row: Row, y: int, scale: tuple[int, int]) -> Iterator[str]:
    name, value = CONTENDERS[row.contender].about, row.medians["per_second"]
    share = (log10(value) - scale[0]) / (scale[1] - scale[0])
    width = max(1.0, share * (_WIDTH - _LEFT - _RIGHT))
    colour = _OURS if name.startswith("newsgraph") else _OTHERS
    yield f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
    yield f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR}" rx="2" fill="{colour}"/>'
    yield f'<text x="{_LEFT + width + 6:.0f}" y="{y + 12}">{value:,.0f}</text>'

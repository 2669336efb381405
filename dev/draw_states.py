# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the state diagram docs/pictures/lifecycle.svg from its description beside it; --check says whether that was done."""

from __future__ import annotations

import sys
import tomllib
from html import escape
from typing import Any

from collection_copy import CLONE

SOURCE = CLONE / "docs/pictures/lifecycle.toml"
PICTURE = CLONE / "docs/pictures/lifecycle.svg"

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"
     font-family="Helvetica, Arial, 'DejaVu Sans', 'Liberation Sans', sans-serif" font-size="13" text-anchor="middle">
  <!-- Drawn by dev/draw_states.py from lifecycle.toml. -->
  <title>{title}</title>
  <desc>{description}</desc>
  <defs>
    <marker id="now" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
      <path d="M0 0L10 5L0 10z" fill="#4b5563"/>
    </marker>
    <marker id="later" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
      <path d="M0 0L10 5L0 10z" fill="#9ca3af"/>
    </marker>
  </defs>
  <rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>"""
# Fill, line and corner of each kind of box.
BOXES = {
    "start": ("#374151", "#374151", 19),
    "step": ("#eef2ff", "#6366f1", 6),
    "good": ("#dcfce7", "#16a34a", 31),
    "waiting": ("#fef9c3", "#ca8a04", 31),
    "bad": ("#fee2e2", "#dc2626", 31),
}
# Line of each kind of arrow: within this run, and in a later one.
ARROWS = {"now": 'stroke="#4b5563"', "later": 'stroke="#9ca3af" stroke-dasharray="5 4"'}
BOLD = 'font-weight="bold" font-size="15"'
SIDES = {"top": (0, -1), "bottom": (0, 1), "left": (-1, 0), "right": (1, 0)}


def main() -> int:
    """Write the picture, or with --check compare it, and return the exit status."""
    drawn = draw(tomllib.loads(SOURCE.read_text(encoding="utf-8")))
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(drawn, encoding="utf-8")
        return 0
    if PICTURE.read_text(encoding="utf-8") == drawn:
        return 0
    print(f"{PICTURE.relative_to(CLONE)} is not what {SOURCE.name} describes: run 'make generated'")
    return 1


def draw(diagram: dict[str, Any]) -> str:
    """Return the SVG of a diagram."""
    width, height = diagram["size"]
    texts = {name: escape(diagram[name]) for name in ("title", "description")}
    parts = [HEAD.format(width=width, height=height, **texts)]
    parts += [_draw_arrow(arrow, diagram["box"]) for arrow in diagram["arrow"]]
    parts += [_draw_box(box) for box in diagram["box"].values()]
    return "\n".join([*parts, "</svg>", ""])


def _draw_box(box: dict[str, Any]) -> str:
    (x, y), (width, height) = box["at"], box["size"]
    fill, line, corner = BOXES[box["kind"]]
    colour = "#ffffff" if box["kind"] == "start" else "#111827"
    title, *rest = box["lines"]
    shape = f'x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}" rx="{corner}"'
    lines = [
        f'  <rect {shape} fill="{fill}" stroke="{line}" stroke-width="1.5"/>',
        f'  <text x="{x}" y="{y - 6 if rest else y + 5}" {BOLD} fill="{colour}">{escape(title)}</text>',
    ]
    lines += [f'  <text x="{x}" y="{y + 15}" font-size="12" fill="{colour}">{escape(text)}</text>' for text in rest]
    return "\n".join(lines)


def _draw_arrow(arrow: dict[str, Any], boxes: dict[str, Any]) -> str:
    kind = arrow.get("kind", "now")
    points = " ".join("{:g},{:g}".format(*_place(point, boxes)) for point in arrow["points"])
    lines = [f'  <polyline points="{points}" fill="none" {ARROWS[kind]} stroke-width="1.5" marker-end="url(#{kind})"/>']
    if "label" in arrow:
        x, y = arrow["at"]
        lines.append(f'  <text x="{x}" y="{y}" font-size="12" fill="#4b5563">{escape(arrow["label"])}</text>')
    return "\n".join(lines)


def _place(point: str | list[float], boxes: dict[str, Any]) -> tuple[float, float]:
    """Return the place of a point, which may be named as the side of a box."""
    if not isinstance(point, str):
        return point[0], point[1]
    name, _dot, side = point.partition(".")
    (x, y), (width, height) = boxes[name]["at"], boxes[name]["size"]
    right, down = SIDES[side]
    return x + right * width / 2, y + down * height / 2


if __name__ == "__main__":
    sys.exit(main())

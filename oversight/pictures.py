"""Images that come as numbers: a matrix of brightness, drawn by the server as SVG, as no address of data is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# The members of a payload that are shown as pictures when their value is a matrix.
NAMES = frozenset({"image", "pixels", "picture"})
LONGEST_SIDE = 32
# A matrix says nowhere how bright white is: the least of these that no pixel exceeds.
SCALES = (1, 16, 255)

Matrix = list[list[float]]


def is_picture(name: str, value: Any) -> bool:
    """Rows of one length, of numbers from 0 to 255."""
    if name not in NAMES or not isinstance(value, list) or not 2 <= len(value) <= LONGEST_SIDE:
        return False
    if not all(isinstance(row, list) for row in value):
        return False
    sides = {len(row) for row in value}
    if len(sides) != 1 or not 2 <= max(sides) <= LONGEST_SIDE:
        return False
    return all(is_pixel(pixel) for row in value for pixel in row)


def is_pixel(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value <= SCALES[-1]


def draw(matrix: Matrix, name: str) -> SafeString:
    """Bright pixels in the colour of the ink, on the paper of the style sheet."""
    wide, high = len(matrix[0]), len(matrix)
    return format_html(
        '<svg class="picture" viewBox="0 0 {} {}" role="img" shape-rendering="crispEdges" '
        'aria-label="{}: a picture of {} by {} pixels">{}</svg>',
        wide,
        high,
        name,
        wide,
        high,
        format_html_join("", '<path d="{}" opacity="{}"/>', shades(matrix)),
    )


def shades(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """All pixels of one brightness are one path: each of its runs is a rectangle."""
    white = next(scale for scale in SCALES if max(map(max, matrix)) <= scale)
    runs: dict[float, list[str]] = {}
    for y, row in enumerate(matrix):
        x = 0
        for pixel, same in groupby(row):
            length = len(list(same))
            runs.setdefault(pixel, []).append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return (("".join(places), f"{pixel / white:.2f}") for pixel, places in runs.items() if pixel)

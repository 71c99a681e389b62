"""In which order a long list goes, and how one goes on in it: by place, never by counting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from decisions.cursors import Cursor

# A list that has grown longer than this on the screen is not read anew with each push.
MOST_REFRESHED = 500
Model = TypeVar("Model", bound=models.Model)


class Order(NamedTuple):
    """By a time, and by id where that is the same."""

    column: str
    falling: bool

    def sorted(self, rows: QuerySet[Model]) -> QuerySet[Model]:
        sign = "-" if self.falling else ""
        return rows.order_by(f"{sign}{self.column}", f"{sign}id")

    def after(self, rows: QuerySet[Model], place: Cursor) -> QuerySet[Model]:
        """What follows the place. The second condition alone lets an index start in the right spot."""
        beyond = "lt" if self.falling else "gt"
        return self.side(rows, place, beyond, f"id__{beyond}")

    def until(self, rows: QuerySet[Model], place: Cursor) -> QuerySet[Model]:
        """What comes before the place, and what stands on it."""
        before = "gt" if self.falling else "lt"
        return self.side(rows, place, before, f"id__{before}e")

    def side(
        self, rows: QuerySet[Model], place: Cursor, side: str, among_equals: str
    ) -> QuerySet[Model]:
        there = Q(**{f"{self.column}__{side}": place.at})
        there |= Q(**{self.column: place.at, among_equals: place.id})
        return rows.filter(there, **{f"{self.column}__{side}e": place.at})

    def place_of(self, row: models.Model) -> Cursor:
        return Cursor(getattr(row, self.column), row.pk)


def summed(shown: Iterable[str]) -> int:
    """How many rows of a list stand on the screen, as its parts say; 0 for what is no number."""
    return sum(int(part) for part in shown if part.isascii() and part.isdigit() and len(part) < 5)

"""A place in a list that goes by time, from which the next page goes on at the same cost wherever it is."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet

from agentic.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PATTERN = "^AA[A-Za-z0-9_-]{30}$"  # of a cursor, for a hundred years to come
Model = TypeVar("Model", bound=models.Model)


class Cursor(NamedTuple):
    at: datetime
    id: UUID

    def after(self, rows: QuerySet[Model]) -> QuerySet[Model]:
        """Only what follows this place. The first condition alone lets the index start in the right spot."""
        later = Q(created_at__lt=self.at) | Q(created_at=self.at, id__lt=self.id)
        return rows.filter(later, created_at__lte=self.at)

    def __str__(self) -> str:
        micros = (self.at - EPOCH) // MICROSECOND
        return base64.urlsafe_b64encode(micros.to_bytes(8, "big") + self.id.bytes).decode()


def parse(text: str) -> Cursor:
    """The cursor in a query string; Invalid for any other text."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        created_at = EPOCH + int.from_bytes(raw[:8], "big") * MICROSECOND
        return Cursor(created_at, UUID(bytes=raw[8:]))
    except (binascii.Error, ValueError, OverflowError) as error:
        raise Invalid(cursor="not a cursor of this list") from error


def after_last(rows: list[dict[str, Any]], limit: int, by: str = "created_at") -> str | None:
    """The cursor for the page after these rows, which go `by` a time; None when this was the last one."""
    return str(Cursor(rows[-1][by], rows[-1]["id"])) if rows and len(rows) == limit else None

"""The database's clock: the one by which deadlines are set and compared, whichever machine asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, functions
from django.db.models.expressions import Combinable
from django.utils import timezone


class Now(functions.Now):
    """Django's, with as many digits on SQLite as values: dates are texts there, and `.120` sorts below `.120000`."""

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f000', 'NOW')"
        return self.as_sql(compiler, connection, template=template, **extra)


def database_now() -> datetime:
    """What `Now()` stands for, where a value is needed. SQLite runs in this process: its clock is ours."""
    if connection.vendor != "postgresql":
        now = timezone.now()
        # SQLite's own now has milliseconds: what is due at once must not lie after it.
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]


def seconds_from_now(seconds: float) -> Combinable:
    """A moment relative to the database's clock, for a filter or an update; negative lies in the past."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())

"""Rows as the driver brings them, for reads and writes on a hot path: no model, no converters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from django.db import connection
from psycopg.pq import Format
from psycopg.types.string import ByteaBinaryLoader

# Where a row comes in binary, as here alone, JSON is left as it is, for `read_jsonb`.
psycopg.adapters.register_loader("jsonb", ByteaBinaryLoader)


def fetched(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the statement answers. From PostgreSQL in binary: the database writes no texts, and the driver reads none;
    Django's reader of times alone would take as long as all else."""
    with connection.cursor() as cursor:
        if cursor.db.vendor == "postgresql":
            cursor.cursor.format = Format.BINARY
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def read_jsonb(value: bytes | None) -> Any:
    """JSON after a byte that tells its version."""
    return None if value is None else msgspec.json.decode(value[1:])


def read_json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)

"""Values come back from PostgreSQL as they were sent, whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentic.arrays import array, array_of_documents
from agentic.fetching import fetched, read_jsonb

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no arrays"),
]
with_one_database = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What no door lets in: NUL, and half of a surrogate pair.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


def sent(parameter: str, kind: str) -> list[Any]:
    rows = fetched(f"SELECT * FROM unnest(%s::{kind}[])", [parameter])
    return [row[0] for row in rows]


@with_one_database
@given(st.lists(TEXT | st.none() | st.sampled_from(["\n", "\\n", '"', "null", "{a,b}", ""])))
def test_texts(values: list[str | None]) -> None:
    assert sent(array(values), "text") == values


@with_one_database
@given(st.lists(st.dictionaries(TEXT, DOCUMENTS) | st.none()))
def test_documents(values: list[dict[str, Any] | None]) -> None:
    found = fetched(
        "SELECT one::jsonb FROM unnest(%s::text[]) AS one", [array_of_documents(values)]
    )
    assert [read_jsonb(row[0]) for row in found] == values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [UUID(int=7), None]),
        ("bigint", [0, -(2**63), 2**63 - 1, None]),
        ("float8", [0.1, 1e300, -0.0, None]),
        ("boolean", [True, False, None]),
        ("timestamptz", [datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), None]),
    ],
)
def test_other_values(kind: str, values: list[Any]) -> None:
    assert sent(array(values), kind) == values

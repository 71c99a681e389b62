"""Ids that sort by the time they were made."""

from __future__ import annotations

from uuid import UUID

from uuid_utils import compat, uuid7


def new_id() -> UUID:
    """A uuid7: rows of one second lie side by side in an index."""
    return compat.uuid7()


def new_id_as_text() -> str:
    """The same in a fourth of the time, for rows that are written and not spoken of."""
    return str(uuid7())

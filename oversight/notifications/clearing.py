"""Messages that ended long ago are deleted: what they told of stands in the events, who chose them in the audit log."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef

from agentic.clean_up import delete_some
from agentic.clock import Now, database_now
from agentic.ids import first_id_at
from oversight.models import Notice, NotificationTarget

KEPT = timedelta(days=90)


def clear_notices() -> int:
    """How many rows went. The reader of events only goes forward: none of these messages is made again."""
    # Ids go by the time at which they were made, and have an index.
    made_before = Notice.objects.filter(pk__lt=first_id_at(database_now() - KEPT))
    gone = delete_some(made_before.exclude(outcome=""))
    removed = NotificationTarget.objects.filter(removed_at__lt=Now() - KEPT)
    told = Notice.objects.filter(target=OuterRef("pk"))
    return gone + delete_some(removed.exclude(Exists(told)))

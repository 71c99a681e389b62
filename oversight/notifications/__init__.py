"""Who is told, by e-mail or webhook, that something waits for a person.

Events are the outbox: a reader follows them by position and makes a `Notice` for each target (`following`); what is
due is claimed, sent outside of any transaction, and settled (`sending`).
"""

from __future__ import annotations

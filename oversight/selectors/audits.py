"""The audit log as a person explores it: newest first, each page at a bounded cost, and the chain that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from agentic.admin_lists import MOST_SEARCHED
from agentic.audit_chain import HASHED, NUMBER, PREVIOUS, Link, right_hash
from agentic.errors import NotFound
from agentic.models import GENESIS, Audit, AuditHead

PAGE = 50
# So many of the newest rows are checked while somebody waits; the command checks all.
CHECKED = 1_000


@dataclass(frozen=True)
class Wanted:
    """What is asked for; empty is all."""

    action: str = ""
    who: str = ""
    entity_type: str = ""
    entity_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_looked_for(self) -> bool:
        """Whether no index leads to what is asked for: then a page looks through so many rows and no more."""
        return bool(self.action or self.who or self.entity_id)


class Found(NamedTuple):
    """`older` is the number from which to go on, None at the end. `edge` says how far this page has looked."""

    rows: list[Audit]
    older: int | None
    edge: datetime | None = None


def look(wanted: Wanted, *, upto: int) -> Found:
    """The newest of what is asked for, at number `upto` or before."""
    last = min(upto, reached_by(wanted.until, upto)) if wanted.until else upto
    first = reached_by(wanted.since, last) if wanted.since else 0
    bounded = wanted.is_looked_for and last - first > MOST_SEARCHED
    after = last - MOST_SEARCHED if bounded else first
    found = Audit.objects.filter(conditions(wanted), number__gt=after, number__lte=last)
    rows = list(found.order_by("-number")[: PAGE + 1])
    if len(rows) > PAGE:
        return Found(rows[:PAGE], rows[PAGE - 1].number - 1)
    return Found(rows, after, moment_of(after)) if bounded else Found(rows, None)


def conditions(wanted: Wanted) -> Q:
    names = ("action", "entity_type", "entity_id")
    asked = Q(**{name: value for name in names if (value := getattr(wanted, name))})
    return asked & Q(actor_label__icontains=wanted.who) if wanted.who else asked


def reached_by(at: datetime, upto: int) -> int:
    """How many rows there were before this moment: they are numbered under one lock, by the database's clock."""
    earlier = Audit.objects.filter(created_at__lt=at, number__lte=upto)
    newest = earlier.order_by("-created_at", "-number")
    return newest.values_list("number", flat=True).first() or 0


def moment_of(number: int) -> datetime | None:
    return Audit.objects.filter(number=number + 1).values_list("created_at", flat=True).first()


def read_audit(number: int) -> Audit:
    found: Audit | None = Audit.objects.filter(number=number).first()
    if found is None:
        raise NotFound("There is no such row in the audit log.")
    return found


def head() -> Link:
    """The end of the chain. Without its row, which a test with real transactions takes away, there is no row either."""
    row = AuditHead.objects.values_list("number", "hash").first()
    return Link(*row) if row else Link(0, GENESIS)


class Checked(NamedTuple):
    """`wrong` is the first row that is not as it was written, None when these rows hold together up to the head."""

    rows: int
    wrong: int | None


def check_newest() -> Checked:
    """The last links of the chain: each row is what its hash says, and goes on from the one before it."""
    end = head()
    first = max(0, end.number - CHECKED)
    rows = Audit.objects.filter(number__gt=first, number__lte=end.number).order_by("number")
    before = Audit.objects.filter(number=first).values_list("hash", flat=True).first()
    last, count = before or GENESIS, first
    for row in rows.values_list(*HASHED, "hash"):
        count += 1
        if row[NUMBER] != count or row[PREVIOUS] != last or right_hash(row) != row[-1]:
            return Checked(count - first, count)
        last = row[-1]
    holds = (count, last) == end
    return Checked(count - first, None if holds else count + 1)


class Change(NamedTuple):
    name: str
    before: Any
    after: Any


def changes_in(told: Any) -> list[Change]:
    """What the details say was changed; nothing where they say no such thing."""
    before, after = members(told, "before"), members(told, "after")
    return [Change(name, before.get(name), after.get(name)) for name in {**before, **after}]


def members(told: Any, name: str) -> dict[str, Any]:
    found = told.get(name) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}


def besides(told: Any) -> Any:
    """The details without what was changed."""
    if not isinstance(told, dict):
        return told
    return {name: value for name, value in told.items() if name not in {"before", "after"}}

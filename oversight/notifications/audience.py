"""Who may be told at this moment. Asked when a message is made, and again when it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from agentic.models import User
from agentic.roles import Role, may, people_who_may
from oversight.models import Kind, Notice, NotificationTarget, Topic
from oversight.notifications.targets import TOLD, live_targets

OWN = "notifications.own"


class Recipient(NamedTuple):
    """`person` is None where a role shares one address."""

    target: NotificationTarget
    person: User | None


class Audience:
    """Those who see escalations, with their roles, and the targets that there are: read once."""

    def __init__(self) -> None:
        self.people = {user.pk: with_roles(user) for user in people_to_tell()}
        # Their own first: the same e-mail is not sent to them a second time, as one of a role.
        self.targets = list(live_targets().order_by("role", "created_at", "id"))

    def of(self, topic: Topic) -> Iterator[Recipient]:
        for target in self.targets:
            if topic in target.topics:
                yield from self.behind(target)

    def behind(self, target: NotificationTarget) -> Iterator[Recipient]:
        if target.person_id in self.people:
            yield Recipient(target, self.people[target.person_id])
        elif target.role and (target.address or target.kind == Kind.WEBHOOK):
            yield Recipient(target, None)
        elif target.role:
            members = (user for user in self.people.values() if target.role in user.role_names)
            yield from (Recipient(target, user) for user in members if user.email)

    def refusal(self, notice: Notice) -> str:
        """Why it is not to be sent any more; empty when it is."""
        target = notice.target
        if target.removed_at:
            return "nothing is sent there any more"
        if notice.topic == Topic.TEST:
            return "" if notice.person is None or may(notice.person, OWN) else "no longer allowed"
        if notice.topic not in target.topics:
            return "switched off"
        return "" if self.reaches(target, notice.person_id) else "no longer allowed"

    def reaches(self, target: NotificationTarget, person_id: UUID | None) -> bool:
        return any(
            person_id == (one.person.pk if one.person else None) for one in self.behind(target)
        )


def people_to_tell() -> Iterator[User]:
    return iter(people_who_may(TOLD).prefetch_related("groups"))


def with_roles(user: User) -> User:
    names = {group.name for group in user.groups.all()}
    user.role_names = frozenset(names | ({Role.ADMIN.value} if user.is_superuser else set()))
    return user

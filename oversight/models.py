"""Who is told of what waits for people, and each message that was meant for them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agentic.ids import new_id
from agentic.roles import Role
from decisions.models import Task

WAITS = Q(outcome="")


class Kind(models.TextChoices):
    EMAIL = "email", "E-mail"
    WEBHOOK = "webhook", "Webhook"


class Topic(models.TextChoices):
    """What a message is about."""

    ESCALATION = "escalation", "Escalations"
    OVERDUE_REVIEW = "overdue_review", "Overdue reviews"
    TEST = "test", "Tests"


class Outcome(models.TextChoices):
    """How a message ended. While it has none, it waits."""

    SENT = "sent", "It was taken by the other side."
    FAILED = "failed", "Every try failed."
    STOPPED = "stopped", "It was not wanted any more."


class Reason(models.TextChoices):
    """Why a task needs a person, in words of our own: what others wrote never travels."""

    BY_HAND = "by_hand", "A person handed it over."
    REVIEW_OVERDUE = "review_overdue", "Nobody reviewed it in time."
    NOBODY_ACTED = "nobody_acted", "Nobody acted on the escalation in time."
    REJECTED = "rejected", "It was rejected, and no retry is left."
    ACK_MISSED = "ack_missed", "The agent did not confirm it, and no retry is left."
    LEASE_LOST = "lease_lost", "The agent went silent at work, and no retry is left."
    AGENT_OFFLINE = "agent_offline", "The agent went offline, and no retry is left."
    UNCLAIMED = "unclaimed", "No agent took it."
    GIVEN_BACK = "given_back", "Agents gave it back again and again."
    FAILED = "failed", "It failed, and is not retried any more."


class NotificationTarget(models.Model):
    """A way to tell one person, or those of a role. An e-mail without an address goes to each account's own.

    Of a webhook `address` shows only enough to know it again: its whole address often opens a door by itself.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="notification_targets",
    )
    role = models.CharField(
        max_length=20, choices=Role.choices, default="", db_default="", blank=True
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = models.CharField(max_length=320, default="", db_default="", blank=True)
    sealed = models.BinaryField(
        default=b"", help_text="A webhook's address and secret, encrypted by SECRET_KEY."
    )
    on_escalation = models.BooleanField(default=False, db_default=False)
    on_overdue_review = models.BooleanField(default=False, db_default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notification_targets"
        ordering = ("created_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, role="")
                | Q(person__isnull=True, role__in=Role.values),
                name="notification_targets_person_or_role",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.EMAIL, sealed=b"")
                | (Q(kind=Kind.WEBHOOK) & ~Q(sealed=b"") & ~Q(address="")),
                name="notification_targets_webhooks_have_a_secret",
            ),
            models.UniqueConstraint(
                fields=("person",),
                condition=Q(kind=Kind.EMAIL, removed_at__isnull=True),
                name="notification_targets_one_own_email",
            ),
            models.UniqueConstraint(
                fields=("role", "address"),
                condition=Q(kind=Kind.EMAIL, person__isnull=True, removed_at__isnull=True),
                name="notification_targets_one_email_each",
            ),
        ]

    def __str__(self) -> str:
        return f"{Kind(self.kind).label} to {self.address or self.person or f'each {self.role}'}"

    @property
    def topics(self) -> list[str]:
        chosen = {
            Topic.ESCALATION: self.on_escalation,
            Topic.OVERDUE_REVIEW: self.on_overdue_review,
        }
        return [topic.value for topic, on in chosen.items() if on]


class Notice(models.Model):
    """One message for one target: an event leads to one at most, however many processes look at it.

    `due_at` is the next moment at which it is to be sent, and is null when that is over. Whoever sends it puts a
    `claim` of their own on it, and `due_at` ahead: if they die, somebody else sends it then.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    target = models.ForeignKey(
        NotificationTarget, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        help_text="Whom it is for; empty where a role shares an address.",
    )
    topic = models.CharField(max_length=20, choices=Topic.choices)
    event_id = models.UUIDField(null=True)
    task = models.ForeignKey(
        Task, null=True, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    level = models.PositiveSmallIntegerField(default=0, db_default=0)
    reason = models.CharField(
        max_length=20, choices=Reason.choices, default="", db_default="", blank=True
    )
    occurred_at = models.DateTimeField(help_text="When that happened of which it tells.")
    due_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, default="", db_default="", blank=True
    )
    error = models.CharField(max_length=200, default="", db_default="", blank=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "notices"
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", due_at__isnull=False, ended_at__isnull=True)
                | Q(outcome__in=Outcome.values, due_at__isnull=True, ended_at__isnull=False),
                name="notices_wait_or_have_ended",
            ),
            models.CheckConstraint(
                condition=Q(topic=Topic.TEST, event_id__isnull=True, task__isnull=True)
                | (
                    ~Q(topic=Topic.TEST)
                    & Q(event_id__isnull=False, task__isnull=False)
                    & Q(reason__in=Reason.values)
                ),
                name="notices_tell_of_an_event",
            ),
            models.UniqueConstraint(
                fields=("event_id", "target"),
                condition=Q(kind=Kind.WEBHOOK) | Q(person__isnull=True),
                name="notices_one_per_target",
            ),
            # By whichever role or wish: nobody gets the same e-mail twice.
            models.UniqueConstraint(
                fields=("event_id", "person"),
                condition=Q(kind=Kind.EMAIL),
                name="notices_one_email_per_person",
            ),
        ]
        indexes = [
            # What is to be sent, and what nobody wants any more.
            models.Index(fields=("due_at",), condition=WAITS, name="notices_waiting"),
            # A person's own deliveries, the newest first.
            models.Index(fields=("person", "-id"), name="notices_by_person"),
            # Those of one task.
            models.Index(fields=("task", "-id"), name="notices_by_task"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} ({self.outcome or 'waiting'})"


class NoticeReader(models.Model):
    """How far events have been read, and until when somebody is at sending: the only row there is."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField()
    sending_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "notice_reader"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="notice_reader_one_row"),
        ]

    def __str__(self) -> str:
        return str(self.position)

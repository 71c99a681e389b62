"""Events and audits: to be read, and found by what they are about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from agentic.admin_lists import NamedChoices, StoryAdmin
from agentic.admin_parts import NOTHING, Tone, badge, list_address, pretty, spoken
from agentic.audit_chain import HASHED, hash_of
from agentic.models import GENESIS, Audit, Event
from agentic.vocabulary import AuditAction, EntityType, EventType

# Of what needs or needed a person, or went wrong.
TONES: dict[str, Tone] = {
    **dict.fromkeys((EventType.TASK_FAILED, EventType.AGENT_OFFLINE, EventType.STOP_SET), "bad"),
    **dict.fromkeys((EventType.TASK_ESCALATED, EventType.TASK_RETRIED, EventType.TASK_REJECTED), "warn"),
    **dict.fromkeys((EventType.TASK_VERIFIED, EventType.TASK_OVERRIDDEN), "good"),
    **dict.fromkeys((AuditAction.REFUSED, AuditAction.SIGN_IN_FAILED, AuditAction.SIGN_IN_LOCKED), "bad"),
}  # fmt: skip
LONG = 20  # letters of an id
SENTENCES = {**dict(EventType.choices), **dict(AuditAction.choices)}


def kind(name: str) -> str:
    return badge(name, TONES.get(name, "quiet"), SENTENCES.get(name, ""))


class RecordAdmin(StoryAdmin):
    """`entity_id` leads to everything else that was written about the same thing."""

    search_help_text = (
        "The id of a task, an agent, a person or anything else, or the number of the row."
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.isdecimal() and len(search_term) < 19:
            return queryset.filter(pk=int(search_term)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="by")
    def door(self, row: Any) -> str:
        return format_html('<span title="{}">{}</span>', row.get_source_display(), row.source)

    @admin.display(description="about")
    def about(self, row: Any) -> str:
        if not row.entity_id:
            return row.entity_type or NOTHING
        address = list_address(self.model, entity_type=row.entity_type, entity_id=row.entity_id)
        text = '{} <a class="mono" href="{}" title="{}">{}</a>'
        name = str(row.entity_id)
        # The beginning of an id is when it was made: the end tells two apart.
        short = name if len(name) < LONG else f"…{name[-8:]}"
        return format_html(text, spoken(row.entity_type), address, name, short)


@admin.register(Event)
class EventAdmin(RecordAdmin):
    rule_to_view = "events.view"
    list_display = ("position", "created_at", "what", "about", "version", "actor_label", "door")
    list_filter = (("entity_type", NamedChoices),)
    ordering = ("-position",)
    search_fields = ("entity_id",)
    search_help_text = "The whole id of a task, an agent or a decision, or a position."

    def with_id(self, wanted: UUID) -> Q:
        return Q(entity_type__in=EntityType.values, entity_id=wanted)

    @admin.display(description="event")
    def what(self, event: Event) -> str:
        return kind(event.event_type)


@admin.register(Audit)
class AuditAdmin(RecordAdmin):
    rule_to_view = "audits.view"
    heavy = ("details",)
    hidden = ("details", "action")
    list_display = (
        "number",
        "created_at",
        "what",
        "about",
        "actor_label",
        "reason",
        "ip",
        "door",
    )
    list_filter = (("source", NamedChoices), "created_at", ("action", NamedChoices))
    date_hierarchy = "created_at"  # there is an index
    ordering = ("-number",)
    search_fields = ("actor_label", "reason", "ip")

    def with_id(self, wanted: UUID) -> Q:
        return Q(id=wanted) | Q(user_id=wanted) | Q(entity_id=str(wanted))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["what", *super().get_fields(request, obj), pretty("told"), "chain"]

    @admin.display(description="action")
    def what(self, audit: Audit) -> str:
        return kind(audit.action)

    @admin.display(description="its place in the chain")
    def chain(self, audit: Audit) -> str:
        """Of this row and the one before it; the command looks at all of them."""
        whole = hash_of({name: getattr(audit, name) for name in HASHED}) == audit.hash
        before = Audit.objects.filter(pk=audit.number - 1).values_list("hash", flat=True).first()
        follows = audit.previous_hash == (before or GENESIS)
        said = badge("holds", "good") if whole and follows else badge("broken here", "bad")
        return format_html("{} To check the whole log: <code>manage.py verify_audit</code>.", said)

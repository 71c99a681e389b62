"""Lists of large tables: no page of them reads the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from agentic.admin_parts import link, pretty, spoken
from agentic.admin_rules import RuledAdmin

# So many rows a list counts and leads to; whoever looks for older ones filters or searches.
MOST_COUNTED = 10_000
# Words are looked for among so many of the newest rows. An id is found wherever it is.
MOST_SEARCHED = 50_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg] # takes none at run time
    """Counts no further than anybody would page."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment] # what lists of the admin site page
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


class NamedChoices(admin.ChoicesFieldListFilter):
    """Shows the words that stand in the list, where the labels of the choices are sentences."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice, value in zip(super().choices(changelist), self.words(), strict=False):
            yield {**choice, "display": value}

    def words(self) -> list[str]:
        return ["All", *(spoken(str(value)) for value, _ in self.field.flatchoices)]


class Worded:
    """A filter with a heading and words of ours, after "All"."""

    heading: ClassVar[str]
    words: ClassVar[tuple[str, str]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = self.heading

    def choices(self, changelist: Any) -> Iterator[Any]:
        found = super().choices(changelist)  # type: ignore[misc] # the filter's own
        for choice, word in zip(found, ("All", *self.words), strict=True):
            yield {**choice, "display": word}


def still(words: tuple[str, str], heading: str = "whether it is over") -> type[Any]:
    """By whether a column is filled yet: the words for "not yet" and for "it is"."""
    return type("Still", (Worded, admin.EmptyFieldListFilter), {"words": words, "heading": heading})


def either(words: tuple[str, str], heading: str) -> type[Any]:
    """By a column that says yes or no: the words for the two."""
    return type(
        "Either", (Worded, admin.BooleanFieldListFilter), {"words": words, "heading": heading}
    )


class StoryAdmin(RuledAdmin):
    """What happened, to be looked at: nothing is added, edited or deleted here."""

    paginator = BoundedPaginator
    # Ids sort by the time they were made, and have an index.
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    sortable_by: ClassVar[tuple[str, ...]] = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count the whole table, once for each choice
    list_per_page = 50
    list_max_show_all = 200
    most_counted = MOST_COUNTED
    search_help_text = "An id (of the row or its task), or words in the newest 50,000."
    heavy: ClassVar[tuple[str, ...]] = ()  # large values that no list shows
    hidden: ClassVar[tuple[str, ...]] = ()  # what is of no use to a person, or opens a door

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.heavy)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        shown = [field for field in self.opts.fields if field.name not in self.hidden]
        return [
            pretty(field.name) if isinstance(field, models.JSONField) else field.name
            for field in shown
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """An id is looked up by an index; words are looked for in the newest rows."""
        wanted = id_in(search_term)
        if wanted is not None:
            return queryset.filter(self.with_id(wanted)), False
        if search_term:
            queryset = self.newest(queryset)
        return super().get_search_results(request, queryset, search_term)

    def with_id(self, wanted: UUID) -> Q:
        of_task = any(field.name == "task" for field in self.opts.fields)
        return Q(pk=wanted) | Q(task=wanted) if of_task else Q(pk=wanted)

    def newest(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Without what is older than the newest so many rows, by the column that the list goes by."""
        column = self.ordering[0].removeprefix("-")
        rows = self.model._default_manager.order_by(f"-{column}").values_list(column, flat=True)
        edge: Any = rows[MOST_SEARCHED : MOST_SEARCHED + 1].first()
        return queryset if edge is None else queryset.filter(**{f"{column}__gte": edge})

    @admin.display(description="task")
    def task_link(self, row: Any) -> str:
        return link(row.task)

    @admin.display(description="agent")
    def agent_link(self, row: Any) -> str:
        return link(row.agent)

    @admin.display(description="decision")
    def decision_link(self, row: Any) -> str:
        return link(row.decision)


def id_in(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None

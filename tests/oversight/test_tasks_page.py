"""The list of tasks: searched, filtered, sorted, endless, and as a file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentic.ids import new_id
from agentic.models import Audit, User
from decisions.models import Task
from decisions.services.creation import create_tasks
from decisions.shapes import NewTask
from oversight.selectors import tasks as selector
from oversight.selectors.tasks import COLUMNS, PAGE, Wanted, find_tasks
from tests.decisions.floor import Floor, let_pass
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}
ROW = re.compile(r'<tr id="task-([0-9a-f-]{36})">')
FOLLOWING = re.compile(r'hx-get="([^"]+part=rows)"')
FURTHER = re.compile(r'href="([^"]+)">Look further back')
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(browse: Browse, viewer: User) -> Client:
    return browse(viewer)


def titles(site: Client, **query: Any) -> list[str]:
    answer = site.get("/tasks", query)
    assert answer.status_code == 200
    return re.findall(r'<a href="/tasks/[0-9a-f-]{36}">([^<]*)</a>', answer.content.decode())


def make(floor: Floor, number: int, **values: Any) -> list[UUID]:
    """Tasks a minute apart from each other."""
    wanted = [NewTask(title=f"task {n:03}", **values) for n in range(number)]
    with floor.away():
        ids = create_tasks(wanted, actor=floor.operator)
    for n, task_id in enumerate(ids):
        Task.objects.filter(pk=task_id).update(created_at=START + timedelta(minutes=n))
    return ids


# Looking for some.


def test_the_newest_stand_first(floor: Floor, site: Client) -> None:
    make(floor, 3)
    assert titles(site) == ["task 002", "task 001", "task 000"]
    assert titles(site, sort="oldest") == ["task 000", "task 001", "task 002"]


def test_what_is_due_soonest_stands_first_and_what_is_never_due_nowhere(
    floor: Floor, site: Client
) -> None:
    ids = make(floor, 3)
    let_pass(ids[0], beyond=-50)
    let_pass(ids[2], beyond=-10)
    assert titles(site, sort="due") == ["task 002", "task 000"]


FILTERS: dict[str, dict[str, str]] = {
    "state": {"state": "cancelled"},
    "type": {"type": "odd"},
    "priority": {"priority": "low"},
    "words": {"q": "WANTED one"},
    "a word of its type": {"q": "odd"},
    "days": {"since": "2026-03-01", "until": "2026-03-01"},
    "several": {"state": "cancelled", "type": "odd", "priority": "low", "q": "wanted"},
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_it_finds_what_is_asked_for(floor: Floor, site: Client, name: str, sort: str) -> None:
    make(floor, 2)
    task_id = floor.queue(title="the wanted one", task_type="odd", priority="low")
    floor.patch(task_id, "cancelled")
    Task.objects.filter(pk=task_id).update(created_at=datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    assert titles(site, sort=sort, **FILTERS[name]) == ["the wanted one"]


@pytest.mark.parametrize("name", ["type", "priority", "words", "days"])
def test_it_finds_it_by_its_timer_too(floor: Floor, site: Client, name: str) -> None:
    for task_id in make(floor, 2):
        let_pass(task_id, beyond=-10)
    task_id = floor.queue(title="the wanted one", task_type="odd", priority="low")
    Task.objects.filter(pk=task_id).update(created_at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC))
    let_pass(task_id, beyond=-20)
    assert titles(site, sort="due", **FILTERS[name]) == ["the wanted one"]
    assert titles(site, sort="due", state="queued", **FILTERS[name]) == ["the wanted one"]
    assert titles(site, sort="due", state="failed", **FILTERS[name]) == []


def test_it_finds_what_an_agent_has_and_what_is_overdue(floor: Floor, site: Client) -> None:
    held, _ = floor.working(title="held")
    floor.queue(title="free")
    assert titles(site, agent=str(floor.agent.pk)) == ["held"]
    assert titles(site, overdue="yes") == []
    let_pass(held, beyond=100)
    assert titles(site, overdue="yes") == ["held"]


def test_it_finds_what_i_created_and_what_a_task_has_delegated(
    floor: Floor, browse: Browse, admin: User, site: Client
) -> None:
    task_id, token = floor.working(title="mine")
    floor.delegate(task_id, token, title="its part")
    assert titles(browse(admin), mine="yes") == ["its part", "mine"]
    assert titles(site, mine="yes") == []
    page = site.get("/tasks", {"parent": str(task_id)}).content.decode()
    assert len(ROW.findall(page)) == 1
    assert "its part" in page


def test_an_id_leads_straight_to_its_task(floor: Floor, site: Client) -> None:
    task_id = floor.queue()
    answer = site.get("/tasks", {"q": f" {task_id} "})
    assert (answer.status_code, answer["Location"]) == (302, f"/tasks/{task_id}")
    scripted = site.get("/tasks", {"q": str(task_id)}, headers=HTMX)
    assert scripted["HX-Redirect"] == f"/tasks/{task_id}"


def test_an_id_of_nothing_is_said_to_be_one(floor: Floor, site: Client) -> None:
    page = site.get("/tasks", {"q": str(new_id())}).content.decode()
    assert "There is no task with this id" in page


def test_nothing_found_and_nothing_there_are_told_apart(floor: Floor, site: Client) -> None:
    assert "There is no task yet" in site.get("/tasks").content.decode()
    assert "No task fits" in site.get("/tasks", {"q": "nothing"}).content.decode()


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("state", "nonsense"),
        ("priority", "9"),
        ("agent", "x"),
        ("parent", "x"),
        ("since", "2026-13-01"),
        ("until", "9999-12-31"),
        ("sort", "title"),
        ("overdue", "perhaps"),
        ("q", "a\0b"),
        ("q", "x" * 201),
        ("q", "a b c d e f g h i"),
        ("type", "a\0b"),
    ],
)
def test_a_wrong_filter_is_named(site: Client, field: str, said: str) -> None:
    answer = site.get("/tasks", {field: said})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert re.search(rf'role="alert">\s*<p>{field.capitalize()}: ', page)
    assert site.get("/tasks.csv", {field: said}).status_code == 400


@pytest.mark.parametrize("after", ["nonsense", "AAAA", "٣"])
def test_a_place_that_is_none_is_refused(site: Client, after: str) -> None:
    assert site.get("/tasks", {"after": after}).status_code == 400


@pytest.mark.parametrize(
    "text", ["100%", "_", "\\", "'; DROP TABLE tasks", "<b>bold</b>", "{{ 7 }}"]
)
def test_hostile_words_are_looked_for_and_shown_as_they_are(
    floor: Floor, site: Client, text: str
) -> None:
    floor.queue(title="innocent")
    floor.queue(title=f"has {text}", task_type="<i>x</i>")
    page = site.get("/tasks", {"q": text}).content.decode()
    assert len(ROW.findall(page)) == 1
    assert "<b>bold" not in page
    assert "<i>x" not in page


# Going on.


def pages(site: Client, path: str) -> Iterator[list[str]]:
    while path:
        page = site.get(path.replace("&amp;", "&"), headers=HTMX).content.decode()
        yield ROW.findall(page)
        more = FOLLOWING.search(page)
        path = more[1] if more else ""


@pytest.mark.parametrize("query", ["", "?sort=oldest", "?sort=due", "?state=queued", "?q=task"])
def test_it_goes_on_without_a_gap_or_a_repeat(floor: Floor, site: Client, query: str) -> None:
    ids = make(floor, 2 * PAGE + 3)
    for n, task_id in enumerate(ids):
        let_pass(task_id, beyond=-(100 + n // 2))  # pairs are due at the same time
    Task.objects.filter(pk__in=ids[20:70]).update(created_at=START)  # and many came at once
    seen = list(pages(site, f"/tasks{query}"))
    assert [len(part) for part in seen] == [PAGE, PAGE, 3]
    assert {one for part in seen for one in part} == {str(task_id) for task_id in ids}


def test_it_goes_on_among_tasks_as_they_are_made(floor: Floor, site: Client) -> None:
    """Each database has its own way to write a moment down: it must be the one by which places are compared."""
    for _ in range(2):
        with floor.away():
            wanted = [NewTask(title="one of many")] * PAGE
            create_tasks(wanted, actor=floor.operator)
    seen = list(pages(site, "/tasks"))
    assert [len(part) for part in seen] == [PAGE, PAGE]
    assert len({one for part in seen for one in part}) == 2 * PAGE


def test_without_a_script_the_next_page_is_a_link(floor: Floor, site: Client) -> None:
    make(floor, PAGE + 1)
    page = site.get("/tasks", {"type": "default"}).content.decode()
    more = re.search(r'<a href="([^"]+after=[^"]+)">More', page)
    assert more
    rest = site.get(more[1].replace("&amp;", "&")).content.decode()
    assert (len(ROW.findall(rest)), "From the beginning" in rest) == (1, True)
    assert "type=default" in more[1]


def test_a_push_fetches_what_is_on_the_screen_and_what_has_come_since(
    floor: Floor, site: Client
) -> None:
    make(floor, PAGE + 10)
    first = site.get("/tasks").content.decode()
    end = re.search(r'name="until_place"\s+value="([^"]+)"', first)
    assert end
    newer = floor.queue(title="newer")
    said = {"shown": str(PAGE), "until_place": end[1]}
    part = site.get("/tasks", said, headers=HTMX).content.decode()
    assert ROW.findall(part) == [str(newer), *ROW.findall(first)]
    assert f'value="{end[1]}"' in part
    assert "<html" not in part
    assert len(ROW.findall(part)) == PAGE + 1


def test_a_list_that_has_ended_grows_with_what_comes(floor: Floor, site: Client) -> None:
    make(floor, PAGE)
    said = {"shown": str(PAGE)}
    make(floor, 5)
    part = site.get("/tasks", said, headers=HTMX).content.decode()
    assert len(ROW.findall(part)) == PAGE + 5
    assert "until_place" not in part
    assert site.get("/tasks", {"until_place": "x"}, headers=HTMX).status_code == 400


def test_a_very_long_list_is_not_read_anew(floor: Floor, site: Client) -> None:
    assert site.get("/tasks", {"shown": "501"}, headers=HTMX).status_code == 204
    assert site.get("/tasks", {"shown": ["x", "-1", "٣", "99999"]}).status_code == 200


def test_the_address_says_what_is_shown_and_nothing_else(floor: Floor, site: Client) -> None:
    asked = {"q": "a b", "state": "", "type": "", "sort": "", "mine": "", "priority": "low"}
    answer = site.get("/tasks", asked, headers=HTMX | {"HX-Trigger": "task-filters"})
    assert answer["HX-Push-Url"] == "/tasks?q=a+b&priority=low"
    assert "HX-Push-Url" not in site.get("/tasks", asked, headers=HTMX)


# At any size.


def test_it_looks_no_further_than_it_says_and_goes_on_from_there(
    floor: Floor, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selector, "LOOKED_THROUGH", 10)
    ids = make(floor, 25)
    Task.objects.filter(pk=ids[3]).update(title="needle")
    found, path = [], "/tasks?q=needle"
    while path:
        page = site.get(path.replace("&amp;", "&")).content.decode()
        found.append(len(ROW.findall(page)))
        more = FURTHER.search(page)
        path = more[1] if more else ""
    assert found == [0, 0, 1]


@pytest.mark.parametrize("order", ["newest", "oldest", "due"])
def test_no_row_is_read_twice_or_left_out_at_the_edge_of_a_look(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(selector, "LOOKED_THROUGH", 4)
    ids = make(floor, 11)
    Task.objects.filter(pk__in=ids).update(created_at=START, due_at=START)
    wanted, seen, after = Wanted(task_type="default", sort=order), [], None
    for _ in range(3):
        found = find_tasks(wanted, after=after)
        seen += [task.pk for task in found.rows]
        after = found.further
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 11


@pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL for its plan")
@pytest.mark.parametrize(
    "query", ["", "state=queued", "sort=oldest", "sort=due", "q=x", "overdue=yes"]
)
def test_each_order_is_read_from_an_index(floor: Floor, query: str) -> None:
    make(floor, 1)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        wanted = {
            "": Wanted(),
            "state=queued": Wanted(state="queued"),
            "sort=oldest": Wanted(sort="oldest"),
            "sort=due": Wanted(sort="due"),
            "q=x": Wanted(words=("x",)),
            "overdue=yes": Wanted(overdue=True),
        }[query]
        plan = wanted.by_index()[:50].explain()
    assert "tasks_newest" in plan or "tasks_due" in plan
    assert "Seq Scan" not in plan
    assert "->  Sort  (" not in plan


def test_ten_take_no_more_queries_than_one(floor: Floor, site: Client) -> None:
    def queries(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            titles(site, **query)
        return len(captured)

    floor.working()
    queries()
    before = [queries(), queries(q="digit", state="in_progress")]
    make(floor, 9)
    other = floor.hire("other", "digits")
    with floor.away():
        other.claim(9)
    assert [queries(), queries(q="digit", state="in_progress")] == before


def test_it_counts_no_table(floor: Floor, site: Client) -> None:
    make(floor, 2)
    with CaptureQueriesContext(connection) as captured:
        titles(site, q="task", sort="due")
    counts = [row["sql"] for row in captured if "COUNT(" in row["sql"]]
    assert all("LIMIT" in sql for sql in counts)  # those in the menu go up to a bound


# As a file.


def rows_of(site: Client, **query: str) -> list[list[str]]:
    answer: Any = site.get("/tasks.csv", query)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(text.splitlines()))


def test_the_file_has_what_the_list_has(floor: Floor, site: Client) -> None:
    make(floor, PAGE + 2)
    floor.queue(title="odd one", task_type="odd")
    head, *rows = rows_of(site, type="default")
    assert head == list(COLUMNS)
    assert [row[1] for row in rows] == [f"task {n:03}" for n in reversed(range(PAGE + 2))]
    assert {row[head.index("priority")] for row in rows} == {"medium"}
    assert {row[head.index("created_by")] for row in rows} == {"ada"}


@pytest.mark.parametrize("chunk", [1, 2, 5])
@pytest.mark.parametrize("sort", ["newest", "oldest", "due"])
def test_its_chunks_leave_nothing_out(
    floor: Floor, site: Client, monkeypatch: pytest.MonkeyPatch, chunk: int, sort: str
) -> None:
    monkeypatch.setattr(selector, "CHUNK", chunk)
    ids = make(floor, 5)
    Task.objects.filter(pk__in=ids).update(created_at=START, due_at=START)
    _, *rows = rows_of(site, sort=sort)
    assert sorted(row[0] for row in rows) == sorted(map(str, ids))


def test_it_ends_at_its_bound(floor: Floor, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector, "CHUNK", 2)
    monkeypatch.setattr(selector, "MOST_EXPORTED", 4)
    make(floor, 7)
    assert len(rows_of(site)) == 5
    assert len(rows_of(site, q="task")) == 5


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\uff1d"])
def test_no_text_in_it_is_a_formula(floor: Floor, site: Client, start: str) -> None:
    title = f"{start}HYPERLINK(1)"
    floor.queue(title=title, task_type=f"{start}x" if start != "\t" else "x")
    _, row = rows_of(site)
    assert row[1] == f"'{title}"


def test_that_it_was_taken_is_audited_with_the_filters(
    floor: Floor, site: Client, viewer: User
) -> None:
    floor.queue()
    rows_of(site, q="digit", since="2026-01-01", state="")
    audit = Audit.objects.get(action="data.exported")
    assert (audit.user_id, audit.entity_type) == (viewer.pk, "task")
    assert '"filters":{"q":"digit","since":"2026-01-01"}' in audit.details


def test_to_head_no_file_is_made_and_nothing_is_audited(floor: Floor, site: Client) -> None:
    floor.queue()
    with CaptureQueriesContext(connection) as asked:
        answer = site.head("/tasks.csv")
    assert answer["Content-Disposition"].startswith("attachment")
    assert not any("retry_count" in row["sql"] for row in asked)
    assert not Audit.objects.filter(action="data.exported").exists()


def test_every_combination_of_two_filters_answers(floor: Floor, site: Client) -> None:
    make(floor, 1)
    some = {"state": "queued", "type": "default", "q": "task", "overdue": "yes", "sort": "due"}
    for one, other in permutations(some, 2):
        assert site.get("/tasks", {one: some[one], other: some[other]}).status_code == 200

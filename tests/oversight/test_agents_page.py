"""The pages of agents: how they do, in figures that say what they rest on, and what may be done with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentic.ids import new_id
from agentic.models import Audit, User
from agents.models import Agent, AgentKey, AgentStatus
from agents.permitted import ACTIONS, allowed_actions
from agents.services import issue_key, register_agent, revoke_key
from decisions.models import Attempt, Decision, Stop, StopScope
from decisions.reliability import seen_of
from decisions.services.stops import set_stop
from decisions.statistics import Share
from oversight.selectors import agent as near
from oversight.selectors import agents as reading
from oversight.selectors.agent import judgement, word_of
from oversight.selectors.agents import attempts_of, standings
from tests.decisions.floor import Floor, activate_policy, let_pass
from tests.decisions.judged import judge

Browse = Callable[[User], Client]
HOSTILE = '<img src=x onerror="alert(1)">'


def get(browser: Client, address: str, **query: Any) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def page_of(agent: Agent) -> str:
    return f"/agents/{agent.pk}"


def in_htmx(browser: Client, address: str, **said: Any) -> Any:
    return browser.post(address, said, headers={"HX-Request": "true"})


def standing_of(agent: Agent) -> reading.Standing:
    (standing,) = standings([agent], [])
    return standing


# What is known of them.


def test_an_agent_that_did_nothing_has_no_figures(
    browse: Browse, manager: User, agent: Agent
) -> None:
    text = get(browse(manager), "/agents")
    assert "reader" in text
    assert "no attempt yet" in text
    assert text.count("no data yet") == 2
    assert "0 %" not in text


def test_attempts_are_told_in_words(browse: Browse, manager: User, floor: Floor) -> None:
    floor.bring_to("completed")
    floor.bring_to("failed")
    floor.working()
    text = get(browse(manager), "/agents")
    assert "Last 3 attempts: 1 completed, 1 failed, 1 open" in text


def test_success_leaves_out_what_says_nothing_of_the_agent(floor: Floor) -> None:
    for state in ("completed", "completed", "failed", "queued", "verified"):
        floor.bring_to(state)  # queued: given back; verified: overridden in the middle of it
    assert standing_of(floor.agent).success == Share(2, 3)


def test_what_nobody_reviewed_is_not_taken_for_right(floor: Floor) -> None:
    for verdict in ("approve", "reject", None):
        task_id, token = floor.working()
        answer = floor.complete(task_id, token, confidence=0.8, result={"of": str(task_id)})
        if verdict:
            floor.review(
                answer["decision_id"],
                verdict,
                **({"reason_code": "wrong"} if verdict == "reject" else {}),
            )
    judged = judgement(seen_of(floor.agent.pk))
    assert standing_of(floor.agent).corrected == Share(1, 2)
    assert (judged.read, judged.judged, judged.sent) == (3, 2, Share(1, 2))
    word = word_of(floor.agent.pk, seen_of(floor.agent.pk), "")
    assert (word.found.bins[8].right, word.found.bins[8].n) == (0.5, 2)


def test_what_the_policy_let_pass_is_not_in_the_figures(floor: Floor) -> None:
    activate_policy(threshold=0.5, sample_share=0.0)
    task_id, token = floor.working()
    assert floor.complete(task_id, token, confidence=0.8)["review"] == "auto"
    assert judgement(seen_of(floor.agent.pk)).read == 0


def test_what_was_drawn_at_random_stands_apart(floor: Floor) -> None:
    task_id, token = floor.working()
    answer = floor.complete(task_id, token, confidence=0.8)
    Decision.objects.update(route="sample")
    floor.review(answer["decision_id"], "approve")
    judged = judgement(seen_of(floor.agent.pk))
    assert (judged.sent, judged.drawn) == (Share(0, 0), Share(0, 1))


def test_only_the_newest_are_read(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "COUNTED", 2)
    other = floor.hire("colleague", "letters")
    for one, skill in ((floor, "digits"), (other, "letters")):
        for state in ("failed", "completed", "completed"):
            one.bring_to(state, required_capabilities=[skill])
    found = attempts_of([floor.agent.pk, other.agent.pk])
    assert [[one.outcome for one in found[pk]] for pk in found] == [["completed"] * 2] * 2


def test_of_no_agents_nothing_is_read(floor: Floor) -> None:
    floor.working()
    assert not attempts_of([])


def test_the_load_is_what_it_holds(browse: Browse, manager: User, floor: Floor) -> None:
    floor.working()
    floor.bring_to("assigned")
    text = get(browse(manager), page_of(floor.agent))
    assert "2 of 4" in text
    assert "What it holds now" in text


def test_the_list_goes_on_by_name(
    browse: Browse, admin: User, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oversight.pages.agents.PAGE", 2)
    for name in ("b", "c", "d", "z"):
        register_agent(actor=floor.operator, name=name)
    browser, address, seen = browse(admin), "/agents", []
    while address:
        text = get(browser, address)
        seen += re.findall(r'<a href="/agents/[0-9a-f-]{36}">([^<]+)</a>', text)
        more = re.search(r'href="([^"]+)">Next page', text)
        address = f"/agents{more[1].replace('&amp;', '&')}" if more else ""
    assert seen == ["b", "c", "d", "reader", "z"]


def test_only_those_with_a_status(browse: Browse, manager: User, floor: Floor) -> None:
    floor.hire("colleague")
    text = get(browse(manager), "/agents", status="available")
    assert "colleague" in text
    assert "reader" not in text


@pytest.mark.parametrize(
    ("query", "named"),
    [({"status": "asleep"}, "status"), ({"after": "a\x00b"}, "after")],
)
def test_a_bad_question_is_refused_by_name(
    browse: Browse, manager: User, query: dict[str, str], named: str
) -> None:
    answer = browse(manager).get("/agents", query)
    assert answer.status_code == 400
    assert named in answer.content.decode()


def test_attempts_are_paged_without_a_gap(
    browse: Browse, manager: User, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "PAGE", 2)
    for _ in range(5):
        floor.bring_to("completed")
    Attempt.objects.update(assigned_at=Attempt.objects.latest("assigned_at").assigned_at)
    browser, address, seen = browse(manager), page_of(floor.agent), []
    while address:
        text = get(browser, address)
        table = text[text.index("Its attempts") :]
        seen += re.findall(r'href="/tasks/([0-9a-f-]{36})"', table)
        more = re.search(r'href="([^"]+)">Older attempts', text)
        address = page_of(floor.agent) + more[1] if more else ""
    assert len(seen) == 5
    assert len(set(seen)) == 5


def test_a_bad_cursor_is_refused(browse: Browse, manager: User, agent: Agent) -> None:
    assert browse(manager).get(page_of(agent), {"cursor": "x"}).status_code == 400


def test_there_is_no_page_of_nobody(browse: Browse, manager: User) -> None:
    assert browse(manager).get(f"/agents/{new_id()}").status_code == 404


@pytest.mark.parametrize("name", ["agent-now", "agent-acts"])
def test_each_part_fetches_itself_alone(
    browse: Browse, admin: User, agent: Agent, name: str
) -> None:
    headers = {"HX-Request": "true", "HX-Target": name}
    text = browse(admin).get(page_of(agent), headers=headers).content.decode()
    assert f'<div id="{name}"' in text
    assert "<html" not in text


def test_hostile_words_stay_words(browse: Browse, admin: User, floor: Floor) -> None:
    other = floor.hire(HOSTILE)
    other.bring_to("completed", title=HOSTILE)
    set_stop(actor=floor.operator, scope=StopScope.AGENT, agent_id=other.agent.pk, reason=HOSTILE)
    browser = browse(admin)
    for address in ("/agents", page_of(other.agent)):
        text = get(browser, address)
        assert HOSTILE not in text
        assert "&lt;img" in text


def test_it_asks_as_often_for_many_as_for_one(browse: Browse, admin: User, floor: Floor) -> None:
    browser, asked = browse(admin), []
    for address in ("/agents", page_of(floor.agent)):
        counts = []
        get(browser, address)  # a process looks once which models are live
        for number in (1, 3):
            for place in range(number):
                floor.bring_to("completed")
                register_agent(actor=floor.operator, name=f"{address} {number} {place}")
                issue_key(actor=floor.operator, agent_id=floor.agent.pk)
            with CaptureQueriesContext(connection) as queries:
                get(browser, address)
            counts.append(len(queries))
        asked.append(counts[1] - counts[0])
    assert asked == [0, 0]


# What may be done.


def test_buttons_are_for_those_who_may_press_them(
    browse: Browse, manager: User, admin: User, agent: Agent
) -> None:
    seen, hidden = get(browse(admin), page_of(agent)), get(browse(manager), page_of(agent))
    for words in ("What you can do", "Stop it at once", "Issue a key"):
        assert words in seen
        assert words not in hidden
    assert "<form" not in hidden[hidden.index("<main") :]


@pytest.mark.parametrize("status", AgentStatus.values)
def test_only_what_makes_a_difference_is_offered(
    admin: User, manager: User, agent: Agent, status: str
) -> None:
    agent.status = status
    offered = {action.status for action in allowed_actions(admin, agent)}
    assert offered
    assert status not in offered
    assert allowed_actions(manager, agent) == []


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_sets_its_status_and_is_audited(
    browse: Browse, admin: User, agent: Agent, name: str
) -> None:
    action = ACTIONS[name]
    Agent.objects.update(status=min(action.leaves))
    answer = browse(admin).post(f"{page_of(agent)}/status", {"action": name, "reason": "because"})
    assert (answer.status_code, answer["Location"]) == (302, page_of(agent))
    assert Agent.objects.get().status == action.status
    audit = Audit.objects.get(action="agent.status_set")
    assert (audit.reason, audit.source) == ("because", "web")


def test_a_page_hears_that_it_is_done(browse: Browse, admin: User, agent: Agent) -> None:
    answer = in_htmx(
        browse(admin), f"{page_of(agent)}/status", action="pause", reason="look into it"
    )
    assert (answer.status_code, answer["HX-Trigger"]) == (200, '{"done": {}}')
    assert "Status of reader: maintenance" in answer.content.decode()


def test_what_its_status_does_not_allow_is_refused(
    browse: Browse, admin: User, agent: Agent
) -> None:
    Agent.objects.update(status=AgentStatus.MAINTENANCE)
    answer = in_htmx(browse(admin), f"{page_of(agent)}/status", action="drain", reason="x")
    assert answer.status_code == 409
    assert "maintenance" in answer.content.decode()
    assert not Audit.objects.filter(action="agent.status_set").exists()


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"action": "pause"}, "reason"),
        ({"action": "sing", "reason": "x"}, "action"),
        ({"action": "pause", "reason": "a\x00b"}, "reason"),
        ({"action": "pause", "reason": "x" * 1001}, "reason"),
    ],
)
def test_a_bad_form_names_its_field(
    browse: Browse, admin: User, agent: Agent, said: dict[str, str], named: str
) -> None:
    answer = in_htmx(browse(admin), f"{page_of(agent)}/status", **said)
    assert answer.status_code == 400
    assert named in answer.content.decode()
    assert Agent.objects.get().status == agent.status


# Keys.


def issued(answer: Any) -> str:
    found = re.search(r"aap_\w{8}_[\w-]{43}", answer.content.decode())
    assert found is not None
    return found[0]


def test_a_key_is_shown_once(browse: Browse, admin: User, agent: Agent) -> None:
    browser = browse(admin)
    answer = in_htmx(browser, f"{page_of(agent)}/keys", scope="work", days="30")
    secret = issued(answer)
    assert "no-store" in answer["Cache-Control"]
    key = AgentKey.objects.get()
    assert key.scopes == ["work"]
    assert key.expires_at is not None
    text = get(browser, page_of(agent))
    assert key.prefix in text
    assert secret not in text


def test_a_browser_without_scripts_is_shown_it_too(
    browse: Browse, admin: User, agent: Agent
) -> None:
    answer = browse(admin).post(f"{page_of(agent)}/keys", {"scope": ""})
    assert issued(answer)
    assert "<html" in answer.content.decode()
    assert AgentKey.objects.get().scopes == []


def test_a_key_is_replaced_and_revoked(browse: Browse, admin: User, floor: Floor) -> None:
    key = AgentKey.objects.get()
    browser, address = browse(admin), f"{page_of(floor.agent)}/keys/{key.pk}"
    assert issued(in_htmx(browser, f"{address}/rotate"))
    assert in_htmx(browser, f"{address}/revoke").status_code == 200
    assert AgentKey.objects.get(pk=key.pk).revoked_at is not None
    assert AgentKey.objects.count() == 2
    assert in_htmx(browser, f"{address}/rotate").status_code == 409


@pytest.mark.parametrize("days", ["0", "-1", "99999", "many"])
def test_a_key_has_a_life_that_makes_sense(
    browse: Browse, admin: User, agent: Agent, days: str
) -> None:
    answer = in_htmx(browse(admin), f"{page_of(agent)}/keys", days=days)
    assert answer.status_code == 400
    assert "days" in answer.content.decode()
    assert not AgentKey.objects.exists()


def test_only_live_keys_have_buttons(browse: Browse, admin: User, floor: Floor) -> None:
    key = AgentKey.objects.get()
    assert "/revoke" in get(browse(admin), page_of(floor.agent))
    revoke_key(actor=floor.operator, agent_id=floor.agent.pk, key_id=key.pk)
    text = get(browse(admin), page_of(floor.agent))
    assert "revoked" in text
    assert "/revoke" not in text


# The kill switch.


def test_an_agent_is_stopped_and_let_go_on(browse: Browse, admin: User, floor: Floor) -> None:
    floor.working()
    browser, address = browse(admin), f"{page_of(floor.agent)}/stop"
    answer = in_htmx(browser, address, reason="it refunds too much")
    assert "1 task went back to the queue" in answer.content.decode()
    text = get(browser, page_of(floor.agent))
    assert "it refunds too much" in text
    assert "Stop it at once" not in text
    stop: UUID = Stop.objects.get().pk
    in_htmx(browser, f"/stops/{stop}/lift", reason="mended")
    assert Stop.objects.get().lifted_at is not None
    assert in_htmx(browser, f"/stops/{stop}/lift", reason="again").status_code == 409


def test_a_type_of_task_is_stopped(browse: Browse, admin: User, manager: User) -> None:
    said = {"scope": "task_type", "task_type": "refund", "reason": "look into it"}
    assert browse(admin).post("/stops", said).status_code == 302
    text = get(browse(manager), "/agents")
    assert "all tasks of type refund" in text
    assert "look into it" in text
    assert "Lift it" not in text


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"scope": "task_type", "reason": "x"}, "task_type"),
        ({"scope": "everything", "task_type": "refund", "reason": "x"}, "task_type"),
        ({"scope": "agent", "reason": "x"}, "scope"),
        ({"scope": "everything"}, "reason"),
    ],
)
def test_a_bad_stop_names_its_field(
    browse: Browse, admin: User, said: dict[str, str], named: str
) -> None:
    answer = in_htmx(browse(admin), "/stops", **said)
    assert answer.status_code == 400
    assert named in answer.content.decode()
    assert not Stop.objects.exists()


def test_a_paused_agent_says_why(browse: Browse, manager: User, floor: Floor) -> None:
    task_id, _ = floor.working()
    let_pass(task_id)
    Agent.objects.update(status="maintenance", paused_because="over its limit")
    for address in ("/agents", page_of(floor.agent)):
        assert "over its limit" in get(browse(manager), address)


def test_it_says_how_well_confidence_keeps_its_word(
    browse: Browse, manager: User, floor: Floor
) -> None:
    assert "Calibration error" not in get(browse(manager), page_of(floor.agent))
    for verdict in ({"verdict": "approve"}, {"verdict": "reject", "reason_code": "wrong"}):
        task_id, token = floor.working()
        floor.complete(task_id, token, confidence=1.0)
        floor.review(Decision.objects.get(task=task_id).pk, **verdict)
    text = get(browse(manager), page_of(floor.agent))
    assert re.search(
        r"ECE, ten bins.*?</th>\s*<td class=\"number\">0\.50 \(0\.\d\d to", text, re.DOTALL
    )
    assert re.search(
        r"Brier score.*?</th>\s*<td class=\"number\">0\.50 \(0\.\d\d to", text, re.DOTALL
    )


def test_it_compares_what_was_stated_with_what_it_was_worth(
    browse: Browse, manager: User, agent: Agent, reviewer: User
) -> None:
    for minute in range(20):
        verdict = "approve" if minute % 2 else "reject"
        judge(
            agent,
            reviewer,
            minute=minute,
            verdict=verdict,
            confidence=0.9,
            recalibrated_confidence=0.5,
        )
    text = get(browse(manager), page_of(agent))
    row = re.search(r"ECE, ten bins.*?</tr>", text, re.DOTALL)
    assert row is not None
    assert re.findall(r">(0\.\d\d) \(", row[0]) == ["0.40", "0.40", "0.00"]
    assert text.count('class="diamond"') == 2  # the point and its key
    assert "as it is stated: no version is live" in text


def test_it_shows_one_type_of_task_at_a_time(
    browse: Browse, manager: User, agent: Agent, reviewer: User
) -> None:
    judge(agent, reviewer, confidence=0.9, task_type="easy")
    judge(agent, reviewer, confidence=0.9, task_type=HOSTILE, verdict="reject")
    browser = browse(manager)
    assert "2 have a verdict" in get(browser, page_of(agent))
    one = get(browser, page_of(agent), task_type=HOSTILE)
    assert "1 have a verdict" in one
    assert HOSTILE not in one
    assert "No data yet" in get(browser, page_of(agent), task_type="none")
    assert browser.get(page_of(agent), {"task_type": "a\x00"}).status_code == 400


def test_what_was_drawn_stands_for_more_than_one(
    browse: Browse, manager: User, agent: Agent, reviewer: User
) -> None:
    judge(agent, reviewer, confidence=0.95, verdict="reject")
    judge(agent, reviewer, confidence=0.95, route="sample", audit_probability=0.25)
    text = get(browse(manager), page_of(agent))
    assert "said 95 %, right 80 % of 2" in text
    assert "(1) for more than one" in text

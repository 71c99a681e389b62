"""How long it takes to try a draft of the review policy on 100,000 past decisions, without and with live models."""

from __future__ import annotations

import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from uuid import UUID

from django.conf import settings
from msgspec import structs

from bench.cast import agents, reviewer, sql, tidy
from bench.report import Row
from bench.rows import add_tasks
from bench.scoring import go_live
from decisions.budgets import in_words
from decisions.estimates import Estimate
from decisions.learning import data_set, mapping, maps, predictor, recalibration
from decisions.learning.fitting import fit
from decisions.learning.scorer import written
from decisions.models import Task
from decisions.models.policy import Budget
from decisions.past import read_past
from decisions.policy import Policy
from decisions.simulation import Wanted, simulate

DECISIONS, TASKS, AGENTS = 100_000, 10_000, 20
MOST_SECONDS = 10
BUDGETS = ((Budget.NONE, 0.0), (Budget.SHARE, 0.4), (Budget.ERROR, 0.15))
DRAFT = Policy(None, 0.9, {"digits": 0.2}, {"critical": None}, 0.05, 3600)
# A quarter goes to people, a twentieth of the rest is drawn; the riskier the more often wrong.
# Times of reviews are kept as a desk keeps them.
FILL = """
INSERT INTO decisions (id, task_id, agent_id, decision_type, proposal, digest, status, route, reason, confidence,
    predicted_risk, audit_probability, version, created_at)
SELECT gen_random_uuid(), task_id, (%(agents)s::uuid[])[1 + mod(n, {agents})], 'result',
    ('{{"label": 7, "rest": "' || repeat('x', 200) || '"}}')::jsonb,
    'bench ' || n,
    CASE WHEN route = 'auto' THEN 'auto_approved' WHEN wrong < risk THEN 'rejected' ELSE 'approved' END,
    route, 'confidence 0.93 reaches 0.9 (default)', 1 - risk, risk, CASE WHEN route = 'person' THEN 1 ELSE 0.05 END, 1,
    now() - n * interval '1 second'
FROM (SELECT n, risk, wrong, task_id,
        CASE WHEN risk > 0.35 THEN 'person' WHEN drawn < 0.05 THEN 'sample' ELSE 'auto' END AS route
    FROM (SELECT n, random() * random() AS risk, random() AS wrong, random() AS drawn,
            (%(tasks)s::uuid[])[1 + mod(n, {tasks})] AS task_id
        FROM generate_series(1, {decisions}) AS n) AS chances) AS routed
"""
TIMED = """
INSERT INTO reviews (id, task_id, decision_id, reviewer_id, verdict, reason_code, seconds_spent, created_at)
SELECT gen_random_uuid(), task_id, id, %(person)s, CASE status WHEN 'approved' THEN 'approve' ELSE 'reject' END,
    CASE status WHEN 'approved' THEN '' ELSE 'wrong' END, 5 + 40 * random(), created_at
FROM decisions WHERE status IN ('approved', 'rejected')
"""


def fill(person: UUID | None) -> None:
    add_tasks(1, TASKS, state="'verified'")
    tasks = list(Task.objects.values_list("pk", flat=True))
    of_agents = [agent.id for agent in agents(AGENTS)]
    statement = FILL.format(tasks=TASKS, decisions=DECISIONS, agents=AGENTS)
    sql(statement, {"tasks": tasks, "agents": of_agents})
    sql(TIMED, {"person": person})
    tidy()


def measure(passes: int) -> Iterator[Row]:
    user_id = reviewer().actor.user_id
    fill(user_id)
    for budget, value in BUDGETS:
        yield tried(budget, value, passes, "as kept")
    with TemporaryDirectory() as folder:
        settings.MODEL_ROOT = folder
        learn()
        for budget, value in BUDGETS:
            yield tried(budget, value, passes, "by live models")


def learn() -> None:
    """Both models, of what is there."""
    examples = data_set.read_examples()
    go_live(predictor.live, written(fit(examples).weights))
    stated = mapping.stated_of(examples)
    go_live(recalibration.live, maps.written(mapping.maps_of(stated)))
    for live in (predictor.live, recalibration.live):
        live.forget()
        if live.get() is None:
            raise RuntimeError(live.missing)


def tried(budget: str, value: float, passes: int, scored: str) -> Row:
    seconds, told = [], ""
    for _ in range(passes):
        began = time.perf_counter()
        found = simulate(Wanted(DRAFT, budget, value), read_past(), active=DRAFT)
        seconds.append(time.perf_counter() - began)
        told = found.problem or f"{found.decisions:,} decisions"
        if found.draft:
            told += f", error {in_words(Estimate(**structs.asdict(found.draft.error)))}"
    name = f"a draft on 100,000 past decisions {scored}, budget {budget or 'none'}"
    return Row(name, seconds, MOST_SECONDS, told, at_most=True, unit=" s")

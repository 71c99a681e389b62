"""The risk model: what it costs a decision, and how fast it is with 100,000 of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy
from django.conf import settings

from bench import cast, rows
from bench.report import Row, percentile, progress, told
from decisions.assessments import Known
from decisions.learning.data_set import read_examples
from decisions.learning.examples import Examples
from decisions.learning.fitting import fit
from decisions.learning.predictor import live, risk_of
from decisions.learning.record import as_of
from decisions.learning.scorer import Scorer, Weights, written
from mlregistry import artifacts
from mlregistry.live_models import LiveModel
from mlregistry.models import RegisteredModel, TrainingJob

MANY, TIMES, AGENTS = 100_000, 5_000, 20
# Every third agent is wrong in one of ten; of the others the unsure ones are.
DECISIONS = """
INSERT INTO decisions (id, task_id, agent_id, decision_type, confidence, proposal, digest, status, route, reason,
    audit_probability, version, created_at, decided_at)
SELECT gen_random_uuid(), id, (%(agents)s::uuid[])[1 + place], 'result', confidence, result,
    encode(sha256(id::text::bytea), 'hex'),
    CASE WHEN random() < CASE WHEN mod(place, 3) = 0 THEN 0.1 ELSE power(1 - confidence, 2) END
        THEN 'rejected' ELSE 'approved' END,
    'person', 'bench', 1, 2, created_at, created_at + interval '1 minute'
FROM (SELECT *, mod(abs(hashtext(id::text)), %(many)s) AS place, random() AS confidence FROM tasks) AS tasks
"""
REVIEWS = """
INSERT INTO reviews (id, task_id, decision_id, reviewer_id, verdict, reason_code, created_at)
SELECT gen_random_uuid(), task_id, id, %(reviewer)s, CASE status WHEN 'rejected' THEN 'reject' ELSE 'approve' END,
    CASE status WHEN 'rejected' THEN 'wrong' ELSE '' END, decided_at
FROM decisions
"""


def measure(passes: int) -> list[Row]:
    reviewer, agents = cast.reviewer(), [agent.id for agent in cast.agents(AGENTS)]
    fill(agents, reviewer.actor.id)
    examples = read_examples()
    weights = fit(examples).weights
    with TemporaryDirectory() as folder:
        settings.MODEL_ROOT = folder
        go_live(live, written(weights))
        scored = [each(agents) for _ in range(passes)]
    past = [timed(lambda: replay(weights, examples)) for _ in range(passes)]
    return [
        row("a risk with its reasons, p99 of processor time", [percentile(one, 0.99) * 1e6 for one in scored], 1_000,
            "us", f"{told(percentile(scored[0], 0.5) * 1e6)} us at the median; {AGENTS} agents, {MANY:,} verdicts"),
        row("100,000 past decisions, as they were known then", past, 3, "s", "records and risks, without reading"),
        row("reading 100,000 examples", [timed(read_examples) for _ in range(passes)], 10, "s", "of PostgreSQL"),
        row("training on them", [timed(lambda: fit(examples)) for _ in range(passes)], 30, "s",
            f"{len(written(weights)):,} bytes of JSON"),
    ]  # fmt: skip


def row(name: str, values: list[float], target: float, unit: str, figures: str) -> Row:
    return Row(name, values, target, figures, at_most=True, unit=f" {unit}")


def fill(agents: list[UUID], reviewer: UUID | None) -> None:
    rows.add_tasks(1, MANY, state="'verified'")
    cast.sql(DECISIONS, {"agents": agents, "many": len(agents)})
    cast.sql(REVIEWS, {"reviewer": reviewer})
    cast.tidy()
    progress(f"{MANY:,} verdicts are there")


def go_live(live: LiveModel[Any], content: bytes) -> None:
    job = TrainingJob.objects.create(model_name=live.name)
    RegisteredModel.objects.create(
        name=live.name,
        version="bench",
        sha256=artifacts.store(content).sha256,
        training_job=job,
        is_active=True,
    )


def each(agents: list[UUID]) -> list[float]:
    """Seconds of processor time for one, of decisions that differ: it waits for nothing."""
    chance = numpy.random.default_rng(1)
    asked = [
        Known(agents[n % len(agents)], "digits", n % 4, float(chance.random()), 1 + n % 3, 40, datetime.now(UTC))
        for n in range(TIMES)
    ]  # fmt: skip
    warm_up(asked[0])
    return [timed(lambda one=one: risk_of(one, None), time.thread_time) for one in asked]  # type: ignore[misc]


def warm_up(asked: Known) -> None:
    """Until the verdicts since the training have been read, page by page."""
    for _ in range(MANY):
        if risk_of(asked, None).value is not None:
            return
    raise RuntimeError(risk_of(asked, None).missing)


def replay(weights: Weights, examples: Examples) -> Any:
    return Scorer(weights).score_many(examples.rows, as_of(examples.rows, examples.history))


def timed(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    call()
    return clock() - began

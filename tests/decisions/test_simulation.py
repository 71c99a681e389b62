"""A draft of the policy on past decisions: the same rulings as in earnest, honest shares, and budgets that hold."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy
import pytest

from decisions.assessments import Assessment
from decisions.budgets import percent
from decisions.models.policy import Budget
from decisions.past import Past
from decisions.policy import NO_POLICY, Policy, rule
from decisions.simulated import Simulation
from decisions.simulation import Wanted, simulate
from decisions.trying import asks

MOMENT = datetime(2026, 1, 5, tzinfo=UTC)
POLICY = Policy(2, 0.8, {"refund": 0.95, "free": 0.1}, {"critical": None, "high": 0.9}, 0.1, 3600)
NAN = math.nan


def nan(value: float) -> float | None:
    return None if math.isnan(value) else value


def past(number: int, *, seed: int = 1, share: float = 0.1, **changed: Any) -> Past:
    """Decisions of agents whose risk is known as well as it can be; those of more than 0.3 went to people."""
    chance = numpy.random.default_rng(seed)
    risk = chance.beta(1, 6, number)
    asked = risk > 0.3
    shown = asked | (chance.random(number) < share)
    confidence = numpy.clip(1 - risk + chance.normal(0, 0.1, number), 0, 1)
    found = Past(
        task_types=numpy.array(["refund", "free", "other"], object)[chance.integers(0, 3, number)],
        priority=chance.integers(0, 4, number),
        confidence=confidence,
        worth=confidence,
        risk=risk,
        seen=numpy.where(asked, 1.0, share),
        to_people=shown,
        pending=numpy.zeros(number, bool),
        judged=shown & (chance.random(number) < 0.95),
        wrong=chance.random(number) < risk,
        outcome=numpy.full(number, NAN),
        fresh=numpy.ones(number, bool),
        seconds=chance.gamma(2, 10, 200),
        since=MOMENT - timedelta(days=30),
        until=MOMENT,
    )
    return found._replace(wrong=found.wrong & found.judged, **changed)


def truth(number: int, seed: int, threshold: float) -> tuple[float, float]:
    """On fresh ones of the same kind: the share that goes to people by risk alone, and the error of the others."""
    chance = numpy.random.default_rng(seed)
    risk = chance.beta(1, 6, number)
    passing = risk < threshold
    wrong = chance.random(number) < risk
    return 1 - passing.mean(), wrong[passing].mean()


PLAIN = Policy(None, 0.9, {}, {}, 0.1, 3600)


def tried(budget: str, value: float, one: Past, policy: Policy = PLAIN) -> Simulation:
    return simulate(Wanted(policy, budget, value), one, active=NO_POLICY)


@pytest.mark.parametrize("threshold", [None, 0.0, 0.12, 1.0])
def test_it_rules_as_the_policy_does_in_earnest(threshold: float | None) -> None:
    policy, one = replace(POLICY, risk_threshold=threshold), past(2_000)
    chance = random.Random(3)
    confidence, risk = one.confidence.copy(), one.risk.copy()
    for place in range(one.n):
        if chance.random() < 0.2:
            confidence[place] = NAN
        if chance.random() < 0.2:
            risk[place] = NAN
    recalibrated = numpy.where(one.priority == 1, confidence * 0.9, NAN)
    worth = numpy.where(numpy.isnan(recalibrated), confidence, recalibrated)
    one = one._replace(confidence=confidence, worth=worth, risk=risk)
    for place, asked in enumerate(asks(policy, one).tolist()):
        said = rule(
            policy,
            task_type=one.task_types[place],
            priority=int(one.priority[place]),
            confidence=nan(confidence[place]),
            draw=0.99,
            assessed=Assessment(confidence=nan(recalibrated[place]), risk=nan(risk[place])),
        )
        assert (said.route == "person") == asked


def test_all_that_is_asked_drawn_and_unseen_adds_up() -> None:
    told = tried("", 0, past(5_000)).draft
    assert told is not None
    assert told.asked + told.drawn + told.unseen == pytest.approx(5_000)
    assert told.to_people.value == pytest.approx(1 - told.unseen / 5_000)
    passing = told.right + told.wrong + told.pending + told.no_verdict + told.never_seen
    assert passing == 5_000 - told.asked


def test_what_nobody_saw_is_neither_right_nor_wrong() -> None:
    one = past(1_000)
    nobody = numpy.zeros(one.n, bool)
    told = tried("", 0, one._replace(to_people=nobody, judged=nobody, wrong=nobody)).draft
    assert told is not None
    assert (told.right, told.wrong, told.error.value) == (0, 0, None)
    assert (told.error.low, told.error.high) == (0, 1)


def unjudged(one: Past, left: float, seed: int = 5) -> Past:
    """Of what was drawn for the sample only so much has a verdict; the rest waits."""
    waits = one.judged & (one.seen < 1) & (numpy.random.default_rng(seed).random(one.n) >= left)
    return one._replace(
        judged=one.judged & ~waits, wrong=one.wrong & ~waits, pending=one.to_people & waits
    )


RULING = replace(PLAIN, risk_threshold=0.4)


def test_while_the_sample_waits_for_people_nothing_is_claimed_of_what_it_stands_for() -> None:
    """What people were asked about tells nothing of what passed; here that is far more often wrong."""
    one = past(10_000)
    sure = one._replace(risk=numpy.where(one.risk > 0.3, 0.01, 0.2))
    sure = sure._replace(wrong=sure.wrong & (one.seen < 1))
    told = tried(Budget.ERROR, 0.05, unjudged(sure, 0.0), replace(PLAIN, risk_threshold=0.1)).draft
    assert told is not None
    assert told.error.high < 0.05  # people were asked about all of these
    both = tried(Budget.ERROR, 0.05, unjudged(sure, 0.0), RULING)
    assert both.draft is not None
    assert both.draft.error.high > 0.8
    assert tried(Budget.ERROR, 0.05, unjudged(one, 0.0)).problem


@pytest.mark.parametrize("left", [0.2, 0.6])
def test_the_verdicts_that_are_there_stand_for_what_still_waits(left: float) -> None:
    one = past(40_000)
    told, whole = (
        tried(Budget.SHARE, 0.5, each, RULING).draft for each in (unjudged(one, left), one)
    )
    assert told is not None
    assert whole is not None
    _, error = truth(200_000, 101, 0.4)
    assert told.error.low <= error <= told.error.high
    assert told.error.n < whole.error.n
    assert told.error.high - told.error.low > whole.error.high - whole.error.low


def test_an_error_that_was_found_with_verdicts_missing_holds_on_fresh_decisions() -> None:
    held = found = 0
    for seed in range(40):
        told = tried(Budget.ERROR, 0.1, unjudged(past(20_000, seed=seed), 0.3, seed + 500))
        if told.risk_threshold is None:
            continue
        found += 1
        held += truth(50_000, seed + 100, told.risk_threshold)[1] <= 0.1
    assert found >= 36
    assert held / found >= 0.9


def test_it_says_when_half_of_what_was_drawn_waits_for_a_verdict() -> None:
    texts = tried(Budget.SHARE, 0.5, unjudged(past(20_000), 0.3), RULING).warnings
    assert sum("were drawn for the audit sample, only" in text for text in texts) == 1
    texts = tried(Budget.SHARE, 0.5, unjudged(past(20_000), 0.7), RULING).warnings
    assert not any("were judged" in text for text in texts)


def test_what_waits_for_people_where_the_draft_asks_them_too_is_no_matter() -> None:
    one = past(20_000)
    asked = one.seen == 1
    waiting = one._replace(judged=one.judged & ~asked, wrong=one.wrong & ~asked)
    assert tried(Budget.SHARE, 0.5, waiting, replace(RULING, risk_threshold=0.3)).warnings == []
    (text,) = tried(Budget.SHARE, 0.5, waiting, replace(RULING, risk_threshold=0.9)).warnings
    assert "people were asked about, only 0 were judged" in text


def test_an_outcome_that_was_told_is_known_and_no_part_of_the_estimate() -> None:
    one = past(2_000)
    outcome = one.outcome.copy()
    auto, approved = numpy.flatnonzero(~one.to_people), numpy.flatnonzero(one.judged & ~one.wrong)
    outcome[auto[:30]], outcome[auto[30:50]], outcome[approved[:5]] = 0.0, 1.0, 0.0
    everything = replace(PLAIN, threshold=0.0)
    before, after = (
        tried("", 0, each, everything).draft for each in (one, one._replace(outcome=outcome))
    )
    assert before is not None
    assert after is not None
    assert (after.wrong - before.wrong, after.right - before.right) == (35, 15)
    assert before.never_seen - after.never_seen == 50
    assert after.error == before.error


def test_what_waits_for_a_person_is_counted_apart_from_what_got_no_verdict() -> None:
    one = past(2_000)
    unjudged_ones = numpy.flatnonzero(one.to_people & ~one.judged)
    pending = one.pending.copy()
    pending[unjudged_ones[:7]] = True
    told = tried("", 0, one._replace(pending=pending), replace(PLAIN, threshold=0.0)).draft
    assert told is not None
    assert (told.pending, told.no_verdict) == (7, len(unjudged_ones) - 7)


def test_hours_come_with_the_interval_of_what_a_review_takes() -> None:
    one = past(1_000)
    told = tried("", 0, one)
    assert told.seconds_per_review.n == 200
    assert told.draft is not None
    assert told.draft.hours is not None
    hours = told.draft.hours
    people = (told.draft.to_people.value or 0) * one.n
    assert hours.value == pytest.approx(people * one.seconds.mean() / 3600)
    assert hours.low < (hours.value or 0) < hours.high
    assert told.draft.hours_saved is not None
    assert (hours.value or 0) + (told.draft.hours_saved.value or 0) == pytest.approx(
        one.n * one.seconds.mean() / 3600
    )


def test_without_recorded_times_no_hours_are_made_up() -> None:
    told = tried("", 0, past(1_000, seconds=numpy.array([])))
    assert told.draft is not None
    assert (told.draft.hours, told.draft.hours_saved, told.hours_saved) == (None, None, None)
    assert any("not recorded" in text for text in told.warnings)


@pytest.mark.parametrize("value", [0.12, 0.2, 0.5, 0.9, 1.0])
def test_a_share_is_kept_to_also_with_the_sample_and_what_is_forced(value: float) -> None:
    for policy in (PLAIN, replace(PLAIN, priorities={"critical": None}, sample_share=0.02)):
        one = past(5_000)
        told = tried(Budget.SHARE, value, one, policy)
        if told.problem:
            assert value < 0.3
            assert "alone send" in told.problem
            continue
        assert told.draft is not None
        share = told.draft.to_people.value or 0
        assert share <= value + 1e-9
        assert share > value - 0.01


@pytest.mark.parametrize("seed", range(5))
def test_a_share_that_was_found_holds_on_fresh_decisions(seed: int) -> None:
    told = tried(Budget.SHARE, 0.2, past(20_000, seed=seed))
    share, _ = truth(100_000, seed + 100, told.risk_threshold or 0)
    assert 0.1 + 0.9 * share == pytest.approx(0.2, abs=0.02)


def test_an_error_that_was_found_holds_on_fresh_decisions() -> None:
    held = found = 0
    for seed in range(40):
        told = tried(Budget.ERROR, 0.1, past(8_000, seed=seed))
        if told.risk_threshold is None:
            continue
        found += 1
        held += truth(50_000, seed + 100, told.risk_threshold)[1] <= 0.1
    assert found >= 36
    assert held / found >= 0.9


def test_a_looser_budget_asks_people_less() -> None:
    one = past(20_000)
    found = [tried(Budget.ERROR, value, one).risk_threshold or 0 for value in (0.06, 0.09, 0.12)]
    assert found == sorted(found)
    assert len(set(found)) == 3


def test_where_the_verdicts_do_not_suffice_it_says_so() -> None:
    told = tried(Budget.ERROR, 0.001, past(300))
    assert told.risk_threshold is None
    assert told.draft is None
    assert "0.1 %" in told.problem


def test_without_risks_or_decisions_there_is_no_threshold() -> None:
    one = past(300)
    unscored = one._replace(risk=numpy.full(300, NAN))
    assert "review_risk" in tried(Budget.SHARE, 0.5, unscored).problem
    assert "no past decisions" in tried(Budget.SHARE, 0.5, past(0)).problem
    assert tried("", 0, past(0)).draft is not None


def by_heart(one: Past) -> Past:
    """As a model sees them that has learned the first three quarters by heart, and knows the rest as it should."""
    learned = numpy.arange(one.n) < 0.75 * one.n
    risk = numpy.where(learned & one.judged, numpy.where(one.wrong, 0.99, 0.01), one.risk)
    return one._replace(risk=risk, fresh=~learned, model_version="2")


@pytest.mark.parametrize("seed", range(3))
def test_what_the_model_has_learned_from_does_not_flatter_its_error(seed: int) -> None:
    one = by_heart(past(40_000, seed=seed))
    honest = tried(Budget.SHARE, 0.3, one, replace(PLAIN, risk_threshold=0.2)).draft
    flattered = tried(
        Budget.SHARE,
        0.3,
        one._replace(fresh=numpy.ones(one.n, bool)),
        replace(PLAIN, risk_threshold=0.2),
    ).draft
    assert honest is not None
    assert flattered is not None
    _, error = truth(200_000, seed + 100, 0.2)
    assert honest.error.low <= error <= honest.error.high
    assert flattered.error.high < error
    assert honest.error.n < flattered.error.n
    assert (honest.to_people, honest.right) == (flattered.to_people, flattered.right)


def test_it_says_how_many_the_error_rests_on() -> None:
    one = by_heart(past(4_000))
    judged, fresh = int(one.judged.sum()), int((one.judged & one.fresh).sum())
    (text,) = tried(Budget.SHARE, 0.5, one).warnings
    assert text.startswith(f"Version 2 has learned from {judged - fresh:,} of the {judged:,}")
    assert f"rests on the {fresh:,} that were made later;" in text
    assert tried("", 0, one).warnings == []


def test_where_a_model_has_learned_from_all_no_error_is_told() -> None:
    one = past(4_000)._replace(fresh=numpy.zeros(4_000, bool), model_version="2")
    by_share, by_error = tried(Budget.SHARE, 0.5, one), tried(Budget.ERROR, 0.5, one)
    assert by_share.draft is not None
    assert (by_share.draft.error.value, by_share.draft.error.n) == (None, 0)
    assert "too few to tell much" in by_share.warnings[0]
    assert "has not learned from" in by_error.problem


def test_an_error_that_was_found_after_learning_holds_on_fresh_decisions() -> None:
    held = found = 0
    for seed in range(20):
        told = tried(Budget.ERROR, 0.1, by_heart(past(30_000, seed=seed)))
        if told.risk_threshold is None:
            continue
        found += 1
        held += truth(50_000, seed + 100, told.risk_threshold)[1] <= 0.1
    assert found >= 15
    assert held / found >= 0.9


def test_thresholds_of_confidence_alone_may_rest_on_all() -> None:
    one = past(4_000)
    learned = one._replace(fresh=numpy.zeros(one.n, bool))
    assert tried("", 0, learned).draft == tried("", 0, one).draft


def test_an_explicit_threshold_is_tried_as_it_is_and_doubted_aloud() -> None:
    told = tried(Budget.ERROR, 0.01, past(5_000), replace(PLAIN, risk_threshold=0.9))
    assert (told.risk_threshold, told.found) == (0.9, False)
    assert any("not shown to be below 1 %" in text for text in told.warnings)


def test_no_sample_is_said_loudly() -> None:
    told = tried("", 0, past(1_000), replace(PLAIN, sample_share=0.0))
    assert any("nobody can tell" in text for text in told.warnings)


@pytest.mark.parametrize("share", [1e-12, 0.004])
def test_a_sample_of_next_to_none_is_said_as_loudly(share: float) -> None:
    (text,) = tried("", 0, past(100_000), replace(PLAIN, sample_share=share)).warnings
    assert "as good as none" in text
    assert "nobody can tell" in text


def test_a_sample_that_draws_too_few_is_said_too() -> None:
    one, policy = past(2_000), replace(PLAIN, threshold=0.0, sample_share=0.02)
    (text,) = tried("", 0, one, policy).warnings
    assert text.startswith("The sample would draw about 40 in 30 days: too few")
    half = one._replace(since=MOMENT - timedelta(days=15))
    assert tried("", 0, half, policy).warnings == []


def test_it_says_when_not_all_of_the_last_30_days_were_read() -> None:
    one = past(2_000)._replace(since=MOMENT - timedelta(days=2), are_cut=True)
    (text,) = tried("", 0, one).warnings
    assert "the newest 2,000 decisions, which were made since 2026-01-03 00:00 UTC" in text


def test_shares_that_differ_are_told_apart() -> None:
    one = past(5_000)
    exact = tried(Budget.SHARE, 1.0, one, RULING).draft
    assert exact is not None
    over = exact.to_people.value or 0
    (text,) = tried(Budget.SHARE, over - 1e-5, one, RULING).warnings
    more, _, less = text.partition(" would go to people: more than ")
    assert more != less.rstrip(".")
    error = exact.error.high
    (text,) = tried(Budget.ERROR, error - 1e-6, one, RULING).warnings
    assert percent(error, 6) in text
    assert percent(error - 1e-6, 6) in text


def test_what_had_no_chance_to_be_seen_widens_the_interval_to_all_that_is_possible() -> None:
    one = past(4_000)
    blind = numpy.arange(4_000) < 2_000
    hidden = blind & (one.risk <= 0.3)
    changed = {"judged": one.judged & ~hidden, "wrong": one.wrong & ~hidden}
    told = tried("", 0, one._replace(seen=numpy.where(hidden, 0.0, one.seen), **changed))
    assert told.draft is not None
    assert told.draft.error.high > 0.4
    assert any("no audit sample" in text for text in told.warnings)


def test_the_curve_goes_from_all_to_as_few_as_the_sample_allows() -> None:
    curve = tried(Budget.SHARE, 0.3, past(5_000)).curve
    assert curve[0].to_people == 1
    assert curve[-1].to_people == pytest.approx(0.1, abs=0.001)
    assert [point.to_people for point in curve] == sorted(
        (point.to_people for point in curve), reverse=True
    )

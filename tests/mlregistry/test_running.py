"""A training job is carried out once, by whoever holds its lease, and its row says how it went."""

from __future__ import annotations

import hashlib
import json
import pickle
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction

from agentic.actors import Actor
from agentic.models import Event
from mlregistry import apart
from mlregistry.code_versions import code_version
from mlregistry.logs import CUT, LONGEST_LINE, LONGEST_LOG, line, longer
from mlregistry.models import RegisteredModel, TrainingJob
from mlregistry.services import looking_after, running
from mlregistry.services.leases import give_back, take
from mlregistry.services.looking_after import FELL_SILENT, Sent, look_after_jobs
from mlregistry.services.running import Stopped, Work, run_job
from mlregistry.services.training import cancel_training_job
from mlregistry.tasks import train as train_task
from mlregistry.trainers import Interrupted, Trained
from tests.decisions.threads import alone, at_once
from tests.mlregistry.jobs import OWN, TRAINERS, anew, asked, fall_silent, fault, made, told

# The trainer and the thread beside it have a connection each.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    settings.TRAINERS = settings.TRAINERS | TRAINERS
    settings.MODEL_ROOT = tmp_path
    monkeypatch.setattr(running, "PULSE_SECONDS", 0.02)
    monkeypatch.setattr(looking_after, "sent", Sent())
    monkeypatch.setattr(looking_after, "PATIENCE_SECONDS", 0)


@pytest.fixture(autouse=True)
def all_is_told() -> Iterator[None]:
    """Each job's events have no gap, and say the status that it has."""
    yield
    assert {job.pk: fault(job) for job in TrainingJob.objects.all() if fault(job)} == {}


def test_a_job_makes_a_model_and_says_how(operator: Actor) -> None:
    job = asked(operator, n=50)
    assert run_job(job.pk)
    row, (model,) = anew(job), made(job)
    assert (row.status, row.progress, row.taken_count, row.error) == ("completed", 1, 1, "")
    assert (row.metrics["n"], row.metrics["unknown"]) == (50, None)
    assert (len(row.data_set_digest), row.code_version) == (64, code_version("own"))
    assert (row.lease_token, row.lease_expires_at) == (None, None)
    assert [text.split(" ", 1)[1] for text in row.log.splitlines()] == [
        "step 0",
        "step 1",
        "step 2",
        f"It made {model}.",
    ]
    assert told(job) == ["requested", "started", "completed"]
    assert (model.name, model.is_active) == ("numbers", False)


def test_trained_twice_it_is_the_same_to_the_byte(operator: Actor) -> None:
    jobs = [asked(operator, seed=seed) for seed in (7, 7, 8)]
    for job in jobs:
        run_job(job.pk)
    one, same, other = (made(job)[0].sha256 for job in jobs)
    assert one == same != other
    first, again, _ = map(anew, jobs)
    for name in ("data_set_digest", "code_version", "seed", "config", "metrics"):
        assert getattr(first, name) == getattr(again, name)


def test_the_version_of_the_code_is_that_of_the_sources(
    tmp_path: Any, monkeypatch: Any, settings: Any
) -> None:
    file = tmp_path / "somebodys_trainer.py"
    file.write_text("def train(run): ...")
    monkeypatch.syspath_prepend(tmp_path)
    settings.TRAINERS = {"theirs": "somebodys_trainer.train"}
    before = code_version("theirs")
    assert code_version("theirs") == before
    file.write_text("def train(run): return 1")
    assert code_version("theirs") != before


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (
            {"fails": "there are 3 examples, and it takes 100"},
            "there are 3 examples, and it takes 100",
        ),
        ({"breaks": "no such column"}, "ValueError: no such column"),
        ({"breaks": "password=hunter2 is wrong"}, "ValueError: password=[redacted] is wrong"),
    ],
)
def test_it_fails_with_a_reason_that_people_can_read(
    operator: Actor, config: dict[str, Any], error: str
) -> None:
    job = asked(operator, **config)
    run_job(job.pk)
    row = anew(job)
    assert (row.status, row.error, made(job)) == ("failed", error, [])
    assert "step 2" in row.log
    assert told(job) == ["requested", "started", "failed"]


def test_a_reason_is_one_that_every_database_keeps() -> None:
    assert running.readable("ValueError: \x00\ud800") == "ValueError: ?"
    assert running.readable("") == "It failed, and did not say why."
    assert len(running.readable("x" * 100_000)) < 3000


@pytest.mark.parametrize(
    ("trainer", "reason"),
    [
        (
            "",
            "No trainer is called 'numbers'. There are: calibration, empty, gone, own, review_risk.",
        ),
        (
            "gone",
            f'The trainer \'gone\' cannot be loaded: Module "{OWN}" does not define a "no_such" attribute/class',
        ),
        ("empty", "The trainer gave back no Trained, but NoneType."),
    ],
)
def test_without_a_trainer_it_fails_and_says_so(operator: Actor, trainer: str, reason: str) -> None:
    job = asked(operator, trainer=trainer)
    run_job(job.pk)
    assert (anew(job).status, anew(job).error) == ("failed", reason)


@pytest.mark.parametrize(
    ("artifact", "reason"),
    [
        (pickle.dumps({"a": 1}), "The trainer's file cannot be kept. The file is a pickle, "),
        (b"\x08\x08\x3a\x00", "The trainer calls its file json, but it is onnx."),
        (b'{"a": ', "The trainer's file cannot be kept. The file begins like JSON and is none"),
        (b"", "The trainer's file has 0 bytes; it may have 1 to 1,000."),
        (b"[%s]" % (b" " * 999), "The trainer's file has 1,001 bytes; it may have 1 to 1,000."),
    ],
)
def test_a_file_that_nobody_may_bring_is_not_kept_of_a_trainer_either(
    operator: Actor, settings: Any, monkeypatch: Any, artifact: bytes, reason: str
) -> None:
    settings.MODEL_MOST_BYTES = 1000
    trained = Trained(artifact=artifact, format="json", metrics={})
    monkeypatch.setattr(running, "train", lambda work: trained)
    job = asked(operator)
    run_job(job.pk)
    row = anew(job)
    assert (row.status, made(job), list(settings.MODEL_ROOT.iterdir())) == ("failed", [], [])
    assert row.error.startswith(reason)


def test_one_process_trains_one_at_a_time_and_leaves_its_threads_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, may_end, ran = threading.Event(), threading.Event(), list[UUID]()

    def run_apart(job_id: UUID) -> None:
        ran.append(job_id)
        began.set()
        assert may_end.wait(20)

    monkeypatch.setattr(apart, "run_apart", run_apart)
    first, second, third = (uuid4() for _ in range(3))
    trainer = threading.Thread(target=train_task, args=[str(first)])
    trainer.start()
    assert began.wait(20)
    for job_id in (second, third, second):
        train_task(str(job_id))  # it comes back at once
    assert ran == [first]
    may_end.set()
    trainer.join(20)
    assert ran == [first, second, third]


def test_a_worker_that_stops_begins_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = list[UUID]()
    monkeypatch.setattr(apart, "waiting", OrderedDict())
    monkeypatch.setattr(apart, "run_apart", ran.append)
    monkeypatch.setattr(apart, "is_stopping", lambda: True)
    train_task(str(uuid4()))
    assert ran == []


def test_who_comes_second_does_nothing(operator: Actor) -> None:
    job = asked(operator)
    assert take(job.pk, actor=operator)
    before = anew(job)
    assert not run_job(job.pk)
    assert anew(job).version == before.version


def test_of_several_workers_at_once_one_trains(operator: Actor) -> None:
    job = asked(operator, seconds=0.05)
    answers = at_once(*[lambda: run_job(job.pk)] * 5)
    assert sorted(answers) == [False, False, False, False, True]
    assert (anew(job).taken_count, len(made(job))) == (1, 1)


def test_the_lease_lives_while_the_trainer_says_nothing(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "renew_seconds", lambda: 0.0)
    job = asked(operator, steps=0, silent=0.5)
    seen = watched(job, lambda row: row.lease_expires_at)
    assert len(set(seen) - {None}) > 2
    assert told(job) == ["requested", "started", "completed"]


def test_how_far_it_is_is_told_while_it_works(operator: Actor) -> None:
    job = asked(operator, steps=5, seconds=0.1)
    seen = watched(job, lambda row: (row.progress, len(row.log.splitlines())))
    assert {0.2, 0.4, 0.6} <= {progress for progress, _ in seen}
    assert {1, 2, 3} <= {lines for _, lines in seen}
    progress = Event.objects.filter(entity_id=job.pk, event_type="training.progressed")
    assert [event.data["progress"] for event in progress] == sorted(
        event.data["progress"] for event in progress
    )


def watched(job: TrainingJob, look: Any) -> list[Any]:
    """What was seen of its row while it ran, in a process that only looks."""
    seen: list[Any] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            seen.append(look(anew(job)))

    watcher = threading.Thread(target=lambda: alone(watch))
    watcher.start()
    try:
        run_job(job.pk)
    finally:
        done.set()
        watcher.join()
    return seen


def test_what_waits_is_called_off_at_once(operator: Actor) -> None:
    job = asked(operator)
    assert cancel_training_job(actor=operator, job_id=job.pk).status == "cancelled"
    assert not run_job(job.pk)
    assert (told(job), made(job)) == (["requested", "cancelled"], [])


def test_what_runs_stops_with_its_trainers_next_word(operator: Actor) -> None:
    job = asked(operator, steps=1000, seconds=0.02)
    with in_a_thread(job):
        until_it_runs(job)
        row = cancel_training_job(actor=operator, job_id=job.pk)
        assert (row.status, row.cancel_requested_at is None) == ("running", False)
        cancel_training_job(actor=operator, job_id=job.pk)  # once more changes nothing
    row = anew(job)
    assert (row.status, row.error, made(job)) == ("cancelled", "", [])
    assert 0 < row.progress < 1
    assert told(job) == ["requested", "started", "cancelled"]


def test_a_model_that_comes_after_the_word_of_a_person_is_not_made(operator: Actor) -> None:
    job = asked(operator, steps=1, silent=0.3)
    with in_a_thread(job):
        until_it_runs(job)
        cancel_training_job(actor=operator, job_id=job.pk)
    assert (anew(job).status, RegisteredModel.objects.count()) == ("cancelled", 0)


def test_a_process_whose_trainer_does_not_listen_is_left(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.1)
    job, left = asked(operator, steps=1, silent=2), threading.Event()
    with in_a_thread(job, leave=left.set):
        until_it_runs(job)
        assert not left.wait(0.3)
        cancel_training_job(actor=operator, job_id=job.pk)
        assert left.wait(1.5)
    assert anew(job).status == "cancelled"


def test_a_process_whose_trainer_listens_ends_by_itself(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE_SECONDS", 5)
    job, left = asked(operator, steps=1000, seconds=0.02), threading.Event()
    with in_a_thread(job, leave=left.set):
        until_it_runs(job)
        cancel_training_job(actor=operator, job_id=job.pk)
    assert (anew(job).status, left.is_set()) == ("cancelled", False)


class in_a_thread:  # noqa: N801 - it reads as a word
    """While the block runs, so does the job."""

    def __init__(self, job: TrainingJob, leave: Any = None) -> None:
        self.thread = threading.Thread(target=lambda: alone(lambda: run_job(job.pk, leave=leave)))

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *error: object) -> None:
        self.thread.join(20)
        assert not self.thread.is_alive()


def until_it_runs(job: TrainingJob) -> None:
    for _ in range(500):
        if anew(job).progress or anew(job).log:
            return
        threading.Event().wait(0.01)
    raise AssertionError("it does not run")


def test_a_worker_that_lost_its_lease_writes_nothing(operator: Actor) -> None:
    job = asked(operator)
    late = Work(take_now(job, operator), operator)
    fall_silent(job)
    taken = take_now(job, operator)
    before = anew(job)
    late.tell(0.9, "too late")
    late.beat()
    late.complete(Trained(artifact=b"{}", format="json", metrics={}))
    late.fail("too late")
    with pytest.raises(Interrupted, match="another worker has the job"):
        late.tell(1.0, "too late")
    row = anew(job)
    assert (row.version, row.log, row.lease_token) == (
        before.version,
        before.log,
        taken.lease_token,
    )
    assert not RegisteredModel.objects.exists()


def take_now(job: TrainingJob, actor: Actor) -> TrainingJob:
    taken = take(job.pk, actor=actor)
    assert taken
    return taken


def away(times: int, then: Any) -> Any:
    """A database that cannot be reached so many times."""
    left = iter(range(times))

    def call(*args: Any, **named: Any) -> Any:
        if next(left, None) is not None:
            raise OperationalError("the server closed the connection unexpectedly")
        return then(*args, **named)

    return call


@pytest.mark.parametrize(("name", "config"), [("end", {}), ("fail", {"fails": "no examples"})])
def test_a_database_that_is_away_when_it_ends_is_waited_for(
    operator: Actor, monkeypatch: pytest.MonkeyPatch, name: str, config: dict[str, Any]
) -> None:
    monkeypatch.setattr(running, name, away(3, getattr(running, name)))
    job = asked(operator, **config)
    assert run_job(job.pk)
    row = anew(job)
    assert (row.status, row.error) == (("failed", "no examples") if config else ("completed", ""))
    assert (len(made(job)), row.log.count("It made")) == ((0, 0) if config else (1, 1))


def test_a_database_that_stays_away_leaves_the_job_to_another_worker(
    operator: Actor, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.TRAINING_LEASE_SECONDS = 0.2
    job = asked(operator)
    with monkeypatch.context() as patch:
        patch.setattr(running, "end", away(10_000, None))
        assert run_job(job.pk)
    assert (anew(job).status, made(job)) == ("running", [])
    assert run_job(job.pk)
    assert (anew(job).status, len(made(job))) == ("completed", 1)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server")
def test_a_connection_that_was_cut_while_it_trained_costs_nothing(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(work: Work) -> Trained:
        trained = train(work)
        own = connection.connection.info.backend_pid
        at_once(lambda: end_connection(own))
        return trained

    train = running.train
    monkeypatch.setattr(running, "train", cut)
    job = asked(operator)
    try:
        assert run_job(job.pk)
        assert (anew(job).status, anew(job).error, len(made(job))) == ("completed", "", 1)
    finally:
        connection.close()
        # The dead one waits there for the next test.
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one


def end_connection(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_a_job_whose_worker_died_is_taken_up_and_ends_once(operator: Actor) -> None:
    job = asked(operator)
    take_now(job, operator)
    fall_silent(job)
    assert sent_again() == [job.pk]
    assert run_job(job.pk)
    assert (anew(job).status, anew(job).taken_count, len(made(job))) == ("completed", 2, 1)
    assert told(job) == ["requested", "started", "taken_up", "completed"]
    assert "fell silent" in anew(job).log


def test_a_lease_that_lives_is_not_taken(operator: Actor) -> None:
    job = asked(operator)
    take_now(job, operator)
    assert sent_again() == []
    assert take(job.pk, actor=operator) is None


def test_it_is_taken_up_once_and_then_it_has_failed(operator: Actor) -> None:
    job = asked(operator)
    for _ in range(2):
        take_now(job, operator)
        fall_silent(job)
    assert take(job.pk, actor=operator) is None
    assert sent_again() == []
    assert (anew(job).status, anew(job).error) == ("failed", FELL_SILENT)
    assert told(job) == ["requested", "started", "taken_up", "failed"]


def test_one_that_was_called_off_and_whose_worker_died_is_not_taken_up(operator: Actor) -> None:
    job = asked(operator)
    take_now(job, operator)
    cancel_training_job(actor=operator, job_id=job.pk)
    fall_silent(job)
    assert sent_again() == []
    assert anew(job).status == "cancelled"


def test_a_worker_that_stops_in_order_gives_it_back(operator: Actor) -> None:
    """As often as platforms are restarted: this is not the silence of one that died."""
    job = asked(operator)
    for _ in range(3):
        taken = take_now(job, operator)
        give_back(job.pk, taken.lease_token, actor=operator)
        forget_what_was_sent()
        assert sent_again() == [job.pk]
    assert run_job(job.pk)
    row = anew(job)
    assert (row.status, row.taken_count) == ("completed", 1)
    assert (row.log.count("Its worker was stopped"), "fell silent" in row.log) == (3, False)
    assert told(job) == ["requested", *["started"] * 4, "completed"]


def forget_what_was_sent() -> None:
    looking_after.sent.at.clear()


def test_a_signal_gives_it_back_and_goes_on(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(operator)

    def stopped(work: Work) -> Trained:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(running, "train", stopped)
        with pytest.raises(Stopped):
            run_job(job.pk)
    assert (anew(job).status, anew(job).taken_count) == ("running", 0)
    assert run_job(job.pk)
    assert anew(job).status == "completed"


def test_a_message_that_was_lost_is_sent_once_more(operator: Actor) -> None:
    waiting, running_one = asked(operator), asked(operator)
    take_now(running_one, operator)
    assert sent_again() == [waiting.pk]
    assert sent_again() == []  # not each tick: it may wait for a worker that is busy
    looking_after.sent.at[waiting.pk] -= looking_after.AGAIN_SECONDS
    assert sent_again() == [waiting.pk]


def test_one_that_was_asked_for_just_now_has_time(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking_after, "PATIENCE_SECONDS", 60)
    asked(operator)
    assert sent_again() == []


def sent_again() -> list[Any]:
    found: list[Any] = []
    look_after_jobs(send=found.append)
    return found


def test_two_who_look_after_jobs_at_once_end_each_once(operator: Actor) -> None:
    job = asked(operator)
    for _ in range(2):
        take_now(job, operator)
        fall_silent(job)
    at_once(*[lambda: look_after_jobs(send=lambda pk: None)] * 4)
    assert told(job) == ["requested", "started", "taken_up", "failed"]


def test_what_takes_too_long_has_failed(operator: Actor, settings: Any) -> None:
    settings.TRAINING_MOST_SECONDS = 0.1
    job = asked(operator, steps=1000, seconds=0.02)
    run_job(job.pk)
    assert (anew(job).status, anew(job).error) == ("failed", "It took longer than 0.1 seconds.")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_trainer_in_a_transaction_of_its_own_is_seen_at_work(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it tells is written beside it, and seen while that transaction is still open."""

    def within(work: Work) -> Trained:
        with transaction.atomic():
            TrainingJob.objects.exists()
            return train(work)

    train = running.train
    monkeypatch.setattr(running, "train", within)
    job = asked(operator, steps=5, seconds=0.1)
    assert {0.2, 0.4} <= set(watched(job, lambda row: row.progress))


def test_the_log_is_bounded_and_keeps_the_newest() -> None:
    log = ""
    for number in range(3000):
        log = longer(log, [line(f"line {number} {'x' * 40}", at="12:00:00")])
    assert len(log) <= LONGEST_LOG
    assert log.startswith(f"{CUT}\n12:00:00 line ")
    assert "line 2999" in log.splitlines()[-1]
    assert len(line("y" * 10_000, at="12:00:00")) <= LONGEST_LINE + 9


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "two\nlines", "Bearer abcdefgh12345678"])
def test_a_line_is_one_that_every_database_keeps(operator: Actor, text: str) -> None:
    job = asked(operator)
    work = Work(take_now(job, operator), operator)
    work.tell(0.5, text)
    work.beat()
    (kept,) = anew(job).log.splitlines()
    assert "\x00" not in kept
    assert "abcdefgh12345678" not in kept


def test_a_progress_that_is_none_is_not_believed(operator: Actor) -> None:
    work = Work(take_now(asked(operator), operator), operator)
    work.tell(0.5)
    for odd in (-1, 2, float("nan"), float("inf")):
        work.tell(odd)
        assert work.progress == 0.5


def test_what_is_told_while_the_row_changes_is_not_lost(operator: Actor) -> None:
    job = asked(operator)
    work = Work(take_now(job, operator), operator)
    row = anew(job)
    work.tell(0.5, "before")
    TrainingJob.objects.filter(pk=job.pk).update(version=row.version + 1)  # somebody was faster
    work.write(row)
    assert [text.split()[1] for text in work.lines] == ["before"]
    assert work.has_news
    TrainingJob.objects.filter(pk=job.pk).update(version=row.version)
    work.tell(0.6, "after")
    work.beat()
    assert [text.split()[1] for text in anew(job).log.splitlines()] == ["before", "after"]


def test_metrics_are_figures_of_json(operator: Actor) -> None:
    job = asked(operator)
    run_job(job.pk)
    assert isinstance(json.loads(json.dumps(anew(job).metrics))["spread"], float)


def test_an_interrupt_by_whoever_started_it_here_calls_it_off(
    operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(operator)

    def interrupted(work: Work) -> Trained:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_job(job.pk)
    assert anew(job).status == "cancelled"


def test_the_digest_of_the_examples_is_that_of_what_was_read(operator: Actor) -> None:
    job = asked(operator, n=0)
    run_job(job.pk)
    assert anew(job).status == "failed"  # of no numbers there is no slope
    whole = asked(operator, n=1000)
    run_job(whole.pk)
    assert anew(whole).data_set_digest != hashlib.sha256(b"").hexdigest()

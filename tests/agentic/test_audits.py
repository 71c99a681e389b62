"""The audit log: how it is written, read, verified and exported."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agentic import audits
from agentic.actors import Actor
from agentic.audit_chain import Kind
from agentic.audits import record
from agentic.models import Audit, AuditHead, User
from agentic.vocabulary import AuditAction
from tests.agentic.chains import above_the_guard, edit, execute, fault, head, values_of, write_log
from tests.conftest import Api
from tests.decisions.threads import at_once

PAGE = (Path(__file__).parents[2] / "docs/reference/audit.md").read_text()
ClientFor = Callable[[User | str | None], Api]


def run(name: str, *words: str) -> tuple[str, str]:
    """What the command says on its two outputs."""
    out, err = io.StringIO(), io.StringIO()
    call_command(name, *words, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def refused(name: str, *words: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(name, *words)
    assert caught.value.returncode == 1
    return str(caught.value)


@pytest.mark.django_db
class TestVerify:
    def test_a_log_as_it_was_written_passes(self) -> None:
        write_log(3)
        said, _ = run("verify_audit")
        assert said.startswith("All as it was written: 3 audits, ")
        assert said.endswith(f"Head {head()}\n")

    def test_the_first_bad_row_is_named(self) -> None:
        write_log(5)
        with above_the_guard():
            edit(4, reason="otherwise")
            edit(2, reason="otherwise")
        assert refused("verify_audit").startswith("Audit 2 (hash): It was changed")

    def test_the_head_is_printed_as_an_anchor_that_holds_later(self) -> None:
        write_log(2)
        anchor = run("verify_audit", "--head")[0].strip()
        assert anchor == f"2:{values_of(2)['hash']}"
        write_log(1)
        assert "3 audits" in run("verify_audit", "--since", anchor)[0]
        now, _ = run("verify_audit", "--head", "--since", anchor)
        assert now.strip() == str(head())

    def test_an_anchor_of_another_history_does_not(self) -> None:
        write_log(2)
        assert "Audit 1 (anchor)" in refused("verify_audit", "--since", f"1:{'a' * 64}")
        assert "Audit 3 (cut off)" in refused("verify_audit", "--since", f"3:{'a' * 64}")

    @pytest.mark.parametrize("text", ["", "1", "1:abc", f"-1:{'a' * 64}", f"1:{'A' * 64}"])
    def test_what_is_no_anchor_is_refused(self, text: str) -> None:
        with pytest.raises(CommandError, match="as --head prints it"):
            run("verify_audit", f"--since={text}")

    def test_a_value_that_cannot_be_read_is_named(self) -> None:
        if connection.vendor == "postgresql":
            pytest.skip("PostgreSQL keeps no other than its type's values")
        write_log(3)
        with above_the_guard():
            execute("UPDATE audits SET user_id = 'nobody' WHERE number = 2")
        assert "Audit 2 (unreadable)" in refused("verify_audit")

    def test_a_log_without_a_head_is_none(self) -> None:
        AuditHead.objects.all().delete()
        assert "keeps the head" in refused("verify_audit")


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_make_one_chain_without_gaps(platform: Actor) -> None:
    def write() -> None:
        for number in range(10):
            with transaction.atomic():
                record(AuditAction.EXPORTED, actor=platform, number_of_mine=number)

    at_once(*[write] * 4)
    assert list(Audit.objects.values_list("number", flat=True)) == list(range(1, 41))
    assert fault() is None


@pytest.mark.django_db
def test_what_is_undone_leaves_no_gap(platform: Actor) -> None:
    write_log(1)
    with transaction.atomic():
        record(AuditAction.EXPORTED, actor=platform)
        transaction.set_rollback(True)
    write_log(1)
    assert list(Audit.objects.values_list("number", flat=True)) == [1, 2]
    assert fault() is None


@pytest.mark.django_db
class TestExport:
    def test_json_lines_can_be_checked_without_the_platform(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By the few lines of Python that the reference gives."""
        write_log(3)
        _, err = run("export_audit", "--output", str(tmp_path / "audit.jsonl"))
        assert err == f"Up to audit {head()}\n"
        monkeypatch.chdir(tmp_path)
        exec(PAGE.partition("```python\n")[2].partition("```")[0], {})
        assert capsys.readouterr().out == f"{head()}\n"

    def test_the_export_is_its_own_last_line(self) -> None:
        write_log(2)
        lines, _ = run("export_audit", "--since-number", "1")
        rows = [json.loads(line) for line in lines.strip().split("\n")]
        assert [row["number"] for row in rows] == [2, 3]
        assert (rows[1]["action"], rows[1]["source"]) == ("data.exported", "command")
        assert json.loads(rows[1]["details"])["since_number"] == 1

    def test_csv_has_no_formulas(self, operator: Actor) -> None:
        for reason in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "1=1"):
            record(AuditAction.KEY_REVOKED, actor=operator, reason=reason)
        lines, _ = run("export_audit", "--format", "csv")
        *rows, _ = csv.DictReader(io.StringIO(lines, newline=""))
        assert [row["reason"][0] for row in rows] == ["'"] * 7 + ["1"]
        assert [row["number"] for row in rows] == [str(n) for n in range(1, 9)]

    def test_a_file_is_its_owners_alone(self, tmp_path: Path) -> None:
        write_log(2)
        file = tmp_path / "audit.csv"
        assert run("export_audit", "--format", "csv", "--output", str(file))[0] == ""
        names, *rows = csv.reader(io.StringIO(file.read_text(), newline=""))
        assert (names[0], names[-1], [row[0] for row in rows]) == (
            "number",
            "hash",
            ["1", "2", "3"],
        )
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [file]

    def test_a_file_that_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        assert "No such file" in refused("export_audit", "--output", str(tmp_path / "no" / "file"))


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


class TestApi:
    def test_they_come_newest_first_with_all_that_is_known(self, boss: Api, admin: User) -> None:
        actor = Actor(*("user", admin.pk, "ada", "api"), ip="192.0.2.7")  # type: ignore[arg-type]
        row = record(
            AuditAction.KEY_REVOKED, actor=actor, entity_type="agent", before={"a": 1}, reason="why"
        )
        first = boss.get("/admin/audits", limit=1).json()["audits"][0]
        assert first["details"] == {"before": {"a": 1}, "after": None}
        assert first.keys() == {
            "id", "number", "action", "entity_type", "entity_id", "user_id", "details", "reason", "ip", "source",
            "actor_kind", "actor_label", "created_at", "hash",
        }  # fmt: skip
        assert (first["number"], first["user_id"]) == (row.number, str(admin.pk))
        assert (first["ip"], first["reason"]) == ("192.0.2.7", "why")

    def test_pages_go_back_to_the_first_one(self, boss: Api) -> None:
        write_log(7)
        numbers: list[int] = []
        page: dict[str, Any] = {"next": head().number + 1}
        while page["next"]:
            page = boss.get("/admin/audits", limit=3, cursor=page["next"]).json()
            numbers += [row["number"] for row in page["audits"]]
        assert numbers == list(range(head().number, 0, -1))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"entity_type": "policy"}, 1),
            ({"action": "agent.key_revoked"}, 2),
            ({"action": "agent.key_revoked", "entity_type": "policy"}, 1),
            ({"entity_type": "model"}, 0),
        ],
    )
    def test_they_can_be_chosen(
        self, boss: Api, operator: Actor, query: dict[str, str], found: int
    ) -> None:
        for kind in ("agent", "policy"):
            record(AuditAction.KEY_REVOKED, actor=operator, entity_type=kind)
        assert len(boss.get("/admin/audits", **query).json()["audits"]) == found

    def test_they_can_be_chosen_by_person(self, boss: Api, operator: Actor, viewer: User) -> None:
        mine = boss.get("/admin/audits", user_id=operator.id).json()["audits"]
        record(AuditAction.KEY_REVOKED, actor=operator)
        assert len(boss.get("/admin/audits", user_id=operator.id).json()["audits"]) == len(mine) + 1
        assert boss.get("/admin/audits", user_id=viewer.pk).json()["audits"] == []

    @pytest.mark.parametrize(
        "query",
        [{"limit": "0"}, {"limit": "501"}, {"cursor": "x"}, {"user_id": "x"}, {"action": "x"}],
    )
    def test_an_odd_question_is_named(self, boss: Api, query: dict[str, str]) -> None:
        answer = boss.get("/admin/audits", **query)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == list(query)

    @pytest.mark.parametrize("who", ["reviewer", "manager", "viewer", "stranger", "agent_key"])
    def test_nobody_else_reads_them(
        self, client_for: ClientFor, who: str, request: pytest.FixtureRequest
    ) -> None:
        caller = client_for(request.getfixturevalue(who))
        assert caller.get("/admin/audits").status_code == 403

    def test_a_row_that_was_tampered_with_is_shown_with_the_others(self, boss: Api) -> None:
        write_log(3)
        with above_the_guard():
            edit(head().number - 1, details="{oh")
        last, tampered, *_ = boss.get("/admin/audits").json()["audits"]
        assert last["details"]["before"] == {"n": 2}
        assert tampered["details"] == "{oh"

    def test_ten_take_no_more_queries_than_one(self, boss: Api) -> None:
        write_log(12)
        taken = []
        for limit in (1, 10):
            with CaptureQueriesContext(connection) as captured:
                assert len(boss.get("/admin/audits", limit=limit).json()["audits"]) == limit
            taken.append(len(captured))
        assert taken[0] == taken[1]


def test_no_page_reads_past_those_before_it(db: None) -> None:
    """The number decides where the index is entered: how deep a page lies costs nothing."""
    with CaptureQueriesContext(connection) as captured:
        audits.list_audits(limit=10, before=5)
    assert "OFFSET" not in captured[0]["sql"]
    assert '"number" < 5' in captured[0]["sql"]


def test_the_page_about_it_names_every_action_and_what_can_be_wrong() -> None:
    said = {f"| `{action}` | {action.label} |" for action in AuditAction}
    assert said <= set(PAGE.splitlines())
    assert all(f"| `{kind}` |" in PAGE for kind in Kind)

"""The file of a version comes in and goes out by the API: as it is, once, and no other kind."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agentic.actors import Actor
from agentic.errors import Invalid
from agentic.models import User
from agents.models import Agent
from mlregistry import artifacts
from mlregistry.models import RegisteredModel
from mlregistry.services.uploading import upload_artifact
from tests.conftest import Api
from tests.mlregistry.shelf import noted, trained, versions

CONTENT = b'{"weights": [0.25, 1]}'
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OCTETS = "application/octet-stream"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOT = tmp_path


@pytest.fixture
def api(client_for: Callable[[User], Api], manager: User) -> Api:
    return client_for(manager)


@pytest.fixture
def model(operator: Actor, agent: Agent) -> RegisteredModel:
    return versions(operator, agent, "1")[0]


def place(model: RegisteredModel) -> str:
    return f"/admin/models/{model.pk}/artifact"


def put(
    api: Api, model: RegisteredModel, body: bytes = CONTENT, query: str = "", **extra: Any
) -> Any:
    kind = {"content_type": OCTETS} | extra
    return api.send("put", place(model) + query, body, **kind)


def test_a_file_comes_back_as_it_was_sent(api: Api, model: RegisteredModel) -> None:
    answer = put(api, model, query=f"?sha256={SHA256}&format=json")
    told = answer.json()
    assert (answer.status_code, told["sha256"], told["size"]) == (200, SHA256, len(CONTENT))
    assert told["format"] == "json"
    back = api.get(place(model))
    assert b"".join(back.streaming_content) == CONTENT
    assert back["Content-Disposition"] == 'attachment; filename="digits-1.json"'
    assert (back["X-Content-Type-Options"], back["ETag"]) == ("nosniff", f'"{SHA256}"')
    assert back["Content-Type"] == OCTETS


def test_it_is_noted_who_brought_which_file(api: Api, model: RegisteredModel) -> None:
    put(api, model)
    action, told = noted()[-1]
    assert action == "model.uploaded"
    assert told["after"] == {"sha256": SHA256, "size": len(CONTENT), "format": "json"}


def test_who_has_it_is_not_sent_it_again(api: Api, model: RegisteredModel) -> None:
    put(api, model)
    headers = api.headers | {"If-None-Match": f'"{SHA256}"'}
    assert api.client.get(f"/api/v1{place(model)}", headers=headers).status_code == 304


def test_a_file_is_never_replaced(api: Api, model: RegisteredModel) -> None:
    put(api, model)
    answer = put(api, model, b"{}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    model.refresh_from_db()
    assert model.sha256 == SHA256


def test_what_a_job_made_takes_no_other_file(api: Api, operator: Actor) -> None:
    model = trained(operator)
    assert put(api, model).status_code == 409
    RegisteredModel.objects.filter(pk=model.pk).update(sha256="")
    assert "only the job" in put(api, model).json()["detail"]


def test_a_pickle_is_refused_by_its_first_bytes(
    api: Api, model: RegisteredModel, tmp_path: Path
) -> None:
    answer = put(api, model, pickle.dumps({"a": 1}))
    assert (answer.status_code, "pickle" in answer.json()["detail"]) == (415, True)
    model.refresh_from_db()
    assert (model.sha256, list(tmp_path.iterdir())) == ("", [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"?sha256={'0' * 64}", "sha256"),
        ("?sha256=nonsense", "sha256"),
        ("?format=onnx", "format"),
        ("?format=pickle", "format"),
        ("?sha256=%00", "sha256"),
    ],
)
def test_what_is_said_of_it_has_to_be_so(
    api: Api, model: RegisteredModel, query: str, field: str
) -> None:
    answer = put(api, model, query=query)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, [field])
    model.refresh_from_db()
    assert model.sha256 == ""


def test_an_empty_file_is_none(operator: Actor, model: RegisteredModel) -> None:
    with pytest.raises(Invalid) as refused:
        upload_artifact(actor=operator, model_id=model.pk, pieces=[])
    assert [*refused.value.members["errors"]] == ["body"]


def test_a_file_that_broke_off_is_not_kept(
    api: Api, model: RegisteredModel, tmp_path: Path
) -> None:
    """The part is a whole file of JSON; its sender had more to send."""
    said: dict[str, Any] = {"CONTENT_LENGTH": "4000074", "wsgi.input": io.BytesIO(CONTENT)}
    answer = put(api, model, **said)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["body"])
    model.refresh_from_db()
    assert (model.sha256, list(tmp_path.iterdir())) == ("", [])


def test_only_bytes_are_taken(api: Api, model: RegisteredModel) -> None:
    assert put(api, model, content_type="application/json").status_code == 415


def test_a_larger_file_is_refused_before_it_is_read(
    api: Api, model: RegisteredModel, settings: Any
) -> None:
    settings.MODEL_MOST_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20
    answer = put(api, model)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_file_may_be_larger_than_other_bodies(api: Api, model: RegisteredModel) -> None:
    content = b'{"weights": "%s"}' % (b"x" * 2_500_000)
    assert put(api, model, content).json()["size"] == len(content)


def test_nobody_else_sends_so_much(model: RegisteredModel) -> None:
    answer = put(Api(), model, b'"%s"' % (b"x" * 2_500_000))
    assert answer.status_code == 413


def test_a_file_that_was_changed_is_not_handed_out(api: Api, model: RegisteredModel) -> None:
    put(api, model)
    kept = artifacts.place_of(SHA256)
    kept.chmod(0o600)
    kept.write_bytes(CONTENT.replace(b"0.25", b"0.26"))
    answer = api.get(place(model))
    assert (answer.status_code, answer.json()["code"]) == (409, "file_unusable")


def test_there_is_nothing_to_fetch_before(api: Api, model: RegisteredModel) -> None:
    assert api.get(place(model)).status_code == 404
    assert api.get(f"/admin/models/{uuid4()}/artifact").status_code == 404
    assert (
        api.send(
            "put", f"/admin/models/{uuid4()}/artifact", CONTENT, content_type=OCTETS
        ).status_code
        == 404
    )


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "x"])
def test_no_path_leads_out(api: Api, name: str) -> None:
    assert api.get(f"/admin/models/{name}/artifact").status_code == 404

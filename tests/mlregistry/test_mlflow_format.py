"""MLflow's format, by MLflow's own library: out, in again, and nothing that could run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import skops.io
import yaml
from django.core.management import CommandError, call_command
from mlflow.models import Model
from sklearn.linear_model import LogisticRegression

from agentic.actors import Actor
from mlregistry import mlflow_optional
from mlregistry.models import RegisteredModel
from mlregistry.safe_models import load_skops
from tests.mlregistry.shelf import trained


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOT = tmp_path / "models"


def taken(folder: Path, version: str = "7") -> RegisteredModel:
    call_command("import_mlflow", str(folder), name="theirs", version_name=version)
    return RegisteredModel.objects.get(name="theirs", version=version)


def saved(folder: Path, content: bytes, name: str = "model.skops", **flavors: Any) -> Path:
    """As `mlflow.sklearn.save_model` leaves it."""
    folder.mkdir()
    (folder / name).write_bytes(content)
    told = {"pickled_model": name, "serialization_format": "skops", "sklearn_version": "1.9.1"}
    said = {"flavors": flavors or {"sklearn": told, "python_function": {"loader_module": "os"}}}
    (folder / "MLmodel").write_text(yaml.safe_dump(said))
    return folder


def skops_model() -> bytes:
    model = LogisticRegression().fit(numpy.array([[0.0], [1.0]]), [0, 1])
    content: bytes = skops.io.dumps(model)
    return content


def test_what_went_out_comes_in_again(operator: Actor, tmp_path: Path) -> None:
    model = trained(operator, "digits", accuracy=0.97)
    model.signature = {"inputs": {"confidence": "float"}, "outputs": {"risk": "float"}}
    model.card = {"summary": "Digits."}
    model.save()
    call_command("export_mlflow", "digits", model.version, str(tmp_path / "out"))
    told = Model.load(str(tmp_path / "out"))
    assert told.signature.inputs.input_names() == ["confidence"]
    assert told.flavors["agentic"]["sha256"] == model.sha256
    again = taken(tmp_path / "out")
    for column in ("metrics", "signature", "card", "sha256", "format", "size"):
        assert getattr(again, column) == getattr(model, column)
    assert again.training_job_id is None


def test_a_model_that_mlflow_saved_as_skops_is_taken(db: None, tmp_path: Path) -> None:
    content = skops_model()
    model = taken(saved(tmp_path / "in", content))
    assert (model.format, model.size) == ("skops", len(content))
    assert load_skops(content).predict([[1.0]]) == [1]


@pytest.mark.parametrize("name", ["", " ", "a ", "a\nb", "x" * 201, "\udcff"])
def test_a_name_that_no_page_can_show_is_refused(db: None, tmp_path: Path, name: str) -> None:
    folder = str(saved(tmp_path / "in", skops_model()))
    for option, said in (("name", (name, "1")), ("version-name", ("theirs", name))):
        with pytest.raises(CommandError, match=f"--{option}: "):
            call_command("import_mlflow", folder, name=said[0], version_name=said[1])
    assert not RegisteredModel.objects.exists()


def refuse(folder: Path) -> str:
    with pytest.raises(CommandError) as refused:
        taken(folder)
    assert not RegisteredModel.objects.exists()
    return str(refused.value)


@pytest.mark.parametrize("flavor", ["sklearn", "python_function", "pytorch"])
def test_a_flavour_that_is_a_pickle_is_refused(db: None, tmp_path: Path, flavor: str) -> None:
    told = {flavor: {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}}
    folder = saved(tmp_path / "in", pickle.dumps({}), "model.pkl", **told)
    assert f"({flavor})" in refuse(folder)


def test_a_pickle_by_another_name_is_refused(db: None, tmp_path: Path) -> None:
    assert "a pickle" in refuse(saved(tmp_path / "in", pickle.dumps({"a": 1})))


@pytest.mark.parametrize(
    "name", ["../secret.skops", "/etc/passwd", "a/../../x", "..\\x", "", ".", "\0", "missing"]
)
def test_a_path_that_leads_out_is_refused(db: None, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.skops").write_bytes(skops_model())
    folder = saved(tmp_path / "in", skops_model(), onnx={"data": name})
    assert refuse(folder)


def link_to_file(folder: Path) -> None:
    (folder / "model.skops").rename(folder.parent / "elsewhere")
    (folder / "model.skops").symlink_to(folder.parent / "elsewhere")


def link_to_description(folder: Path) -> None:
    (folder / "MLmodel").rename(folder.parent / "elsewhere")
    (folder / "MLmodel").symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize("link", [link_to_file, link_to_description])
def test_a_link_is_refused(db: None, tmp_path: Path, link: Callable[[Path], None]) -> None:
    folder = saved(tmp_path / "in", skops_model())
    link(folder)
    assert "link" in refuse(folder)


@pytest.mark.parametrize(
    "text",
    [
        "", "[1]", "flavors: 3", "{", "flavors: !!python/object/apply:os.system ['true']",
        "a: &a [1]\nflavors: {x: *a}", "flavors: {onnx: {data: 3}}", "x" * 1_000_001,
    ],
)  # fmt: skip
def test_an_odd_description_is_refused(db: None, tmp_path: Path, text: str) -> None:
    folder = saved(tmp_path / "in", skops_model())
    (folder / "MLmodel").write_text(text)
    assert refuse(folder)


def test_without_the_packages_it_says_what_to_install(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_optional, "PACKAGES", ("mlflow", "not_installed_anywhere"))
    with pytest.raises(CommandError, match="pip install mlflow-skinny"):
        taken(tmp_path)


def test_a_folder_that_is_there_is_not_written_over(operator: Actor, tmp_path: Path) -> None:
    model = trained(operator, "digits")
    with pytest.raises(CommandError, match="not written"):
        call_command("export_mlflow", "digits", model.version, str(tmp_path))

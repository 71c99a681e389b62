"""Which files are kept: told by what is in them. What could run code when it is read is refused, by name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import zipfile
import zlib
from typing import Any

import joblib
import numpy
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from mlregistry.artifacts import Unusable
from mlregistry.formats import WrongFormat, format_of
from mlregistry.safe_models import load_skops

X, Y = numpy.array([[0.0], [1.0], [2.0], [3.0]]), numpy.array([0, 0, 1, 1])


def zipped(compression: int = zipfile.ZIP_STORED, **members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return file.getvalue()


def joblib_dump() -> bytes:
    file = io.BytesIO()
    joblib.dump(LogisticRegression(), file, compress=3)
    return file.getvalue()


def npy() -> bytes:
    file = io.BytesIO()
    numpy.save(file, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


def onnx(producer: bytes = b"sklearn", graph: bytes = b"\x0a\x00") -> bytes:
    """A ModelProto: ir_version 8, a producer, a graph."""
    return (
        b"\x08\x08\x12" + bytes([len(producer)]) + producer + b"\x3a" + bytes([len(graph)]) + graph
    )


def safetensors(**extra: Any) -> bytes:
    weight = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    header = json.dumps({"w": weight, **extra}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0\0\0\0"


def found(content: bytes) -> str:
    return format_of(io.BytesIO(content), len(content))


GOOD: dict[str, Any] = {
    "skops": lambda: skops.io.dumps(LogisticRegression().fit(X, Y)),
    "json": lambda: b' {"weights": [1, 2]}',
    "onnx": onnx,
    "safetensors": safetensors,
}
BAD: dict[str, tuple[Any, str]] = {
    "pickle": (lambda: pickle.dumps({"a": 1}), "pickle"),
    "pickle 2": (lambda: pickle.dumps([1], protocol=2), "pickle"),
    "pickle 0": (lambda: pickle.dumps([1], protocol=0), "none of the formats"),
    "joblib": (joblib_dump, "joblib"),
    "gzip": (lambda: gzip.compress(b"x"), "joblib"),
    "zlib": (lambda: zlib.compress(b"x"), "joblib"),
    "bz2": (lambda: bz2.compress(b"x"), "joblib"),
    "npy": (npy, "numpy"),
    "torch": (lambda: zipped(data__pkl="x"), "no schema.json"),
    "broken zip": (lambda: b"PK\x03\x04nonsense", "no readable zip"),
    "zip with nonsense": (lambda: zipped(schema__json="[1"), "skops cannot read it"),
    "trees": (
        lambda: skops.io.dumps(RandomForestClassifier(2).fit(X, Y)),
        "sklearn.tree._tree.Tree",
    ),
    "half of json": (lambda: b'{"a": ', "none"),
    "hdf5": (lambda: b"\x89HDF\r\n\x1a\n", "HDF5"),
    "program": (lambda: b"\x7fELF\x02\x01\x01", "none of the formats"),
    "script": (lambda: b"#!/bin/sh\nrm -rf /", "none of the formats"),
    "page": (lambda: b"<html><script>alert(1)</script>", "none of the formats"),
    "onnx with more": (lambda: onnx() + b"junk", "none of the formats"),
    "onnx cut short": (lambda: onnx()[:-1], "none of the formats"),
    "onnx with an endless field": (
        lambda: onnx() + b"\x3a" + b"\xff" * 9 + b"\x7f",
        "none of the formats",
    ),
    "onnx with an unknown field": (lambda: onnx() + b"\x48\x01", "none of the formats"),
    "onnx of too many fields": (lambda: onnx() + b"\x08\x01" * 10_000, "none of the formats"),
    "safetensors with a long header": (
        lambda: safetensors(more="x" * 1_000_000),
        "none of the formats",
    ),
}


@pytest.mark.parametrize("kind", GOOD)
def test_what_is_kept_is_told_by_what_is_in_it(kind: str) -> None:
    assert found(GOOD[kind]()) == kind


@pytest.mark.parametrize("kind", BAD)
def test_all_else_is_refused_with_a_word(kind: str) -> None:
    make, word = BAD[kind]
    with pytest.raises(WrongFormat, match=word):
        found(make())


def test_a_bomb_is_not_unpacked(settings: Any) -> None:
    settings.MODEL_MOST_BYTES = 1000
    with pytest.raises(WrongFormat, match="unpacks to more"):
        found(zipped(schema__json="0" * 10_000))


@pytest.mark.parametrize(
    ("compression", "schema", "word"),
    [
        (zipfile.ZIP_DEFLATED, "{}", "compressed"),
        (
            zipfile.ZIP_STORED,
            "[%s[]]" % ("[]," * 2_000_000),
            r"schema\.json is over 5,000,000 bytes",
        ),
    ],
)
def test_a_small_file_does_not_become_a_large_one(compression: int, schema: str, word: str) -> None:
    with pytest.raises(WrongFormat, match=word):
        found(zipped(compression, schema__json=schema))


def test_what_skops_compressed_is_refused_with_a_word() -> None:
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(WrongFormat, match="compressed"):
        found(skops.io.dumps(model, compression=zipfile.ZIP_DEFLATED))


def test_an_array_that_is_named_often_is_not_read_as_often(settings: Any) -> None:
    settings.MODEL_MOST_BYTES = 10_000
    array = {"__class__": "ndarray", "__loader__": "NdArrayNode", "type": "numpy", "file": "a.npy"}
    twice = json.dumps({"__class__": "list", "content": [array, array]})
    with pytest.raises(WrongFormat, match="unpacks to more"):
        found(zipped(schema__json=twice, a__npy="x" * 6_000))


class Counted(io.BytesIO):
    """How much of it was looked at."""

    looked_at = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.looked_at += len(piece)
        return piece


def test_what_is_none_of_them_is_not_looked_at_to_its_end() -> None:
    for content in (
        b"\x08\x01" * 1_000_000,
        b"\x48\x01" * 1_000_000,
        safetensors(a="x" * 2_000_000),
    ):
        file = Counted(content)
        with pytest.raises(WrongFormat, match="none of the formats"):
            format_of(file, len(content))
        assert file.looked_at < 100_000


def test_a_model_of_skops_is_loaded_and_answers_as_before() -> None:
    model = LogisticRegression().fit(X, Y)
    again = load_skops(skops.io.dumps(model))
    assert (again.predict_proba(X) == model.predict_proba(X)).all()


class Evil:
    def __reduce__(self) -> Any:
        return print, ("it ran",)


def test_a_type_that_is_not_on_the_list_is_not_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    model = LogisticRegression().fit(X, Y)
    model.extra_ = Evil()
    with pytest.raises(Unusable, match="Evil"):
        load_skops(skops.io.dumps(model))
    assert "it ran" not in capsys.readouterr().out


def test_the_list_grows_by_a_setting(settings: Any) -> None:
    content = skops.io.dumps(RandomForestClassifier(2).fit(X, Y))
    settings.MODEL_TRUSTED_TYPES = ["sklearn.tree._tree.Tree"]
    assert load_skops(content).predict(X).shape == (4,)


def test_a_pickle_is_never_loaded() -> None:
    with pytest.raises(Unusable):
        load_skops(pickle.dumps(Evil()))

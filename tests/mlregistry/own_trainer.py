"""A trainer of somebody's own: small and real, and as obedient as its config says."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import numpy as np

from mlregistry.trainers import Run, Trained, TrainingFailed


def train(run: Run) -> Trained:
    """The mean and the slope of numbers that are drawn by the seed. `config`: n, steps, seconds, fails, silent."""
    said: dict[str, Any] = dict(run.config)
    numbers = np.random.default_rng(run.seed).normal(size=int(said.get("n", 100)))
    for step in range(int(said.get("steps", 3))):
        run.tell(step / said.get("steps", 3), f"step {step}")
        time.sleep(said.get("seconds", 0))
    if "silent" in said:
        time.sleep(said["silent"])
    if "fails" in said:
        raise TrainingFailed(said["fails"])
    if "breaks" in said:
        raise ValueError(said["breaks"])
    slope = np.polyfit(np.arange(len(numbers)), numbers, 1)[0]
    model = {"mean": float(numbers.mean()), "slope": float(slope)}
    return Trained(
        artifact=json.dumps(model, sort_keys=True).encode(),
        format="json",
        metrics={"n": len(numbers), "spread": numbers.std(), "unknown": float("nan")},
        parameters={"n": len(numbers)},
        data_set_digest=hashlib.sha256(numbers.tobytes()).hexdigest(),
    )


def train_nothing(run: Run) -> Any:
    """Gives back what is no model."""
    return None

"""What this process makes of the models that decisions rest on."""

from __future__ import annotations

from agentic.health import Finding, add_check
from mlregistry.live_models import LIVE_MODELS


def models() -> Finding:
    """None live is as it may be; one that cannot be loaded is not."""
    for live in LIVE_MODELS:
        live.get()
    said = "; ".join(f"{live.name} {live.state}" for live in LIVE_MODELS)
    return Finding(not any(live.is_broken for live in LIVE_MODELS), said or "none is used here")


add_check("models", models)

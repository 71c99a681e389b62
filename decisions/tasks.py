"""Celery's doors."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError

from decisions.auditor import audit
from decisions.learning.by_verdicts import request_what_is_due
from decisions.sweep import MOST_PER_TICK, escalate_unclaimed
from decisions.sweep import sweep as run_sweep

logger = logging.getLogger(__name__)


@shared_task
def sweep() -> None:
    """One tick; calls for help when there is much, and hands on at once when there is more."""
    if run_sweep(helpers=[call_help]) >= MOST_PER_TICK:
        sweep.delay()


@shared_task
def help_sweep() -> None:
    """Beside a tick that has much to do, in a process that is free."""
    run_sweep()


def call_help() -> None:
    # Where rows cannot be skipped that another process holds, a second one would only wait.
    if not connection.features.has_select_for_update_skip_locked:
        return
    try:
        help_sweep.apply_async(expires=settings.SWEEP_INTERVAL_SECONDS, retry=False)
    except OperationalError as error:
        logger.warning("the sweep goes on alone: %s", error)


@shared_task
def audit_deadlines() -> None:
    escalate_unclaimed()
    audit()


@shared_task
def learn_from_verdicts() -> None:
    request_what_is_due()

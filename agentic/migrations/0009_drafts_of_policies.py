"""A word for what happens to drafts of the review policy."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from agentic.append_only import guard_again


def guarded(apps: Any, schema_editor: Any) -> None:
    guard_again(schema_editor, "events")


class Migration(migrations.Migration):
    dependencies = [
        ("agentic", "0008_retiring"),
    ]

    operations = [
        # Backwards it is the last thing that is done.
        migrations.RunPython(migrations.RunPython.noop, guarded),
        migrations.RemoveConstraint(
            model_name="event",
            name="events_closed_vocabulary",
        ),
        migrations.AlterField(
            model_name="event",
            name="event_type",
            field=models.CharField(
                choices=[
                    ("task.created", "A task was accepted."),
                    ("task.assigned", "An agent was given a lease on the task."),
                    ("task.acked", "The agent confirmed that it has the task."),
                    ("task.started", "The agent began to work."),
                    ("task.completed", "The agent handed in a result, or a person did."),
                    ("task.verified", "The result stands: the policy or a person accepted it."),
                    ("task.overridden", "A person decided in the agent's place."),
                    ("task.failed", "The attempt failed; a retry or a person follows."),
                    ("task.retried", "The task went back to the queue and used up a retry."),
                    (
                        "task.rejected",
                        "A reviewer rejected the result; the task went back to the queue.",
                    ),
                    (
                        "task.responded",
                        "A reviewer answered with text; the agent works on with it.",
                    ),
                    ("task.released", "The agent gave the task back."),
                    (
                        "task.suspended",
                        "The agent paused the task, to go on later from a checkpoint.",
                    ),
                    ("task.requeued", "A person put the task back into the queue."),
                    ("task.escalated", "The task needs a person."),
                    ("task.cancelled", "The task was called off."),
                    ("task.commented", "A person noted something on the task."),
                    ("task.feedback_given", "Somebody told how the task turned out."),
                    ("task.escalation_acknowledged", "A person has seen the escalation."),
                    ("task.escalation_assigned", "A person takes care of the escalation."),
                    ("decision.proposed", "An agent's decision waits for a person."),
                    ("decision.reserved", "A person is looking at the decision."),
                    ("decision.released", "A person put the decision back, undecided."),
                    ("decision.auto_approved", "The review policy let the decision pass."),
                    ("decision.approved", "A person approved the decision."),
                    ("decision.edited", "A person approved the decision with changes."),
                    ("decision.rejected", "A person rejected the decision."),
                    ("decision.responded", "A person answered the decision with text."),
                    ("decision.overridden", "A person decided something else for the whole task."),
                    ("decision.expired", "The task moved on before anybody decided."),
                    ("agent.registered", "An agent was entered into the registry."),
                    ("agent.available", "The agent takes work."),
                    ("agent.busy", "The agent keeps what it has and takes no more."),
                    ("agent.offline", "The agent went silent or was taken offline."),
                    ("agent.maintenance", "An operator took the agent out of service."),
                    ("agent.changed", "The agent's capabilities or limits changed."),
                    ("agent.key_issued", "A credential was made for the agent."),
                    ("agent.key_revoked", "A credential of the agent was revoked."),
                    ("policy.activated", "A version of the review policy took effect."),
                    (
                        "policy.draft_changed",
                        "A draft of the review policy was written, changed, tried, published or put aside.",
                    ),
                    ("model.registered", "A version of a model was entered into the registry."),
                    ("model.activated", "A version of a model went live."),
                    ("model.retired", "A version of a model is no longer live."),
                    (
                        "model.activation_requested",
                        "Somebody asked for a version to go live; a second person decides.",
                    ),
                    ("model.activation_refused", "The version does not go live."),
                    (
                        "model.unusable",
                        "The live version could not be loaded: the policy goes by its thresholds.",
                    ),
                    ("training.requested", "A training job waits for a worker."),
                    ("training.started", "A worker took the job."),
                    ("training.taken_up", "Its worker fell silent; another one took the job."),
                    ("training.progressed", "The job told how far it is."),
                    ("training.completed", "The job made a model."),
                    ("training.failed", "The job ended with an error."),
                    ("training.cancelled", "A person called the job off."),
                    ("stop.set", "A person stopped an agent, a type of task, or everything."),
                    ("stop.lifted", "A person let work go on."),
                ],
                max_length=40,
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "event_type__in",
                        [
                            "task.created",
                            "task.assigned",
                            "task.acked",
                            "task.started",
                            "task.completed",
                            "task.verified",
                            "task.overridden",
                            "task.failed",
                            "task.retried",
                            "task.rejected",
                            "task.responded",
                            "task.released",
                            "task.suspended",
                            "task.requeued",
                            "task.escalated",
                            "task.cancelled",
                            "task.commented",
                            "task.feedback_given",
                            "task.escalation_acknowledged",
                            "task.escalation_assigned",
                            "decision.proposed",
                            "decision.reserved",
                            "decision.released",
                            "decision.auto_approved",
                            "decision.approved",
                            "decision.edited",
                            "decision.rejected",
                            "decision.responded",
                            "decision.overridden",
                            "decision.expired",
                            "agent.registered",
                            "agent.available",
                            "agent.busy",
                            "agent.offline",
                            "agent.maintenance",
                            "agent.changed",
                            "agent.key_issued",
                            "agent.key_revoked",
                            "policy.activated",
                            "policy.draft_changed",
                            "model.registered",
                            "model.activated",
                            "model.retired",
                            "model.activation_requested",
                            "model.activation_refused",
                            "model.unusable",
                            "training.requested",
                            "training.started",
                            "training.taken_up",
                            "training.progressed",
                            "training.completed",
                            "training.failed",
                            "training.cancelled",
                            "stop.set",
                            "stop.lifted",
                        ],
                    )
                ),
                name="events_closed_vocabulary",
            ),
        ),
        migrations.RunPython(guarded, migrations.RunPython.noop),
    ]

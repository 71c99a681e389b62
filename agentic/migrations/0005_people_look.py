"""Words for what people do on the pages."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from agentic.append_only import guard_again


def guarded(apps: Any, schema_editor: Any) -> None:
    for table in ("events", "audits"):
        guard_again(schema_editor, table)


class Migration(migrations.Migration):
    dependencies = [
        ("agentic", "0004_failed_sign_ins"),
    ]

    operations = [
        # Backwards it is the last thing that is done.
        migrations.RunPython(migrations.RunPython.noop, guarded),
        migrations.AlterModelOptions(
            name="signin",
            options={"verbose_name": "sign-in"},
        ),
        migrations.RemoveConstraint(
            model_name="audit",
            name="audits_closed_vocabulary",
        ),
        migrations.RemoveConstraint(
            model_name="event",
            name="events_closed_vocabulary",
        ),
        migrations.AlterField(
            model_name="audit",
            name="action",
            field=models.CharField(
                choices=[
                    ("sign_in.succeeded", "Somebody signed in."),
                    ("sign_in.failed", "A sign-in was refused."),
                    ("sign_in.locked", "An account or an address was locked out for a while."),
                    ("sign_in.ended", "Somebody signed out."),
                    (
                        "sign_in.revoked",
                        "A sign-in was ended: a refresh token was used twice, or an operator did it.",
                    ),
                    ("access.refused", "A caller asked for what they may not do."),
                    ("user.created", "An account was made."),
                    ("user.changed", "An account was changed."),
                    ("user.roles_changed", "Somebody was given other roles."),
                    ("user.password_changed", "A password was set."),
                    ("user.identity_linked", "An identity at a provider was linked to an account."),
                    ("agent.registered", "An agent was entered into the registry."),
                    ("agent.changed", "An agent's limits or capabilities were changed."),
                    ("agent.status_set", "An operator set an agent's status."),
                    ("agent.paused", "The platform paused an agent that went past its limits."),
                    ("agent.key_issued", "A credential was made."),
                    ("agent.key_rotated", "A credential was replaced."),
                    ("agent.key_revoked", "A credential was revoked."),
                    ("policy.published", "A new review policy took effect."),
                    ("policy.activated", "An earlier review policy took effect again."),
                    ("model.registered", "A version of a model was entered into the registry."),
                    ("model.activated", "A version of a model went live."),
                    ("model.rolled_back", "An earlier version of a model went live again."),
                    ("training.requested", "A training job was asked for."),
                    ("training.cancelled", "A training job was called off."),
                    ("task.moved", "A person moved a task by hand."),
                    ("task.overridden", "A person decided in an agent's place."),
                    ("task.escalated", "A person handed a task to a person."),
                    ("stop.set", "The kill switch was thrown."),
                    ("stop.lifted", "The kill switch was put back."),
                    (
                        "notifications.changed",
                        "Somebody changed who is told of escalations and overdue reviews, and where.",
                    ),
                    ("data.exported", "Data left the platform as a file."),
                ],
                max_length=40,
            ),
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
                    ("model.registered", "A version of a model was entered into the registry."),
                    ("model.activated", "A version of a model went live."),
                    ("model.retired", "A version of a model is no longer live."),
                    ("stop.set", "A person stopped an agent, a type of task, or everything."),
                    ("stop.lifted", "A person let work go on."),
                ],
                max_length=40,
            ),
        ),
        migrations.AddConstraint(
            model_name="audit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "action__in",
                        [
                            "sign_in.succeeded",
                            "sign_in.failed",
                            "sign_in.locked",
                            "sign_in.ended",
                            "sign_in.revoked",
                            "access.refused",
                            "user.created",
                            "user.changed",
                            "user.roles_changed",
                            "user.password_changed",
                            "user.identity_linked",
                            "agent.registered",
                            "agent.changed",
                            "agent.status_set",
                            "agent.paused",
                            "agent.key_issued",
                            "agent.key_rotated",
                            "agent.key_revoked",
                            "policy.published",
                            "policy.activated",
                            "model.registered",
                            "model.activated",
                            "model.rolled_back",
                            "training.requested",
                            "training.cancelled",
                            "task.moved",
                            "task.overridden",
                            "task.escalated",
                            "stop.set",
                            "stop.lifted",
                            "notifications.changed",
                            "data.exported",
                        ],
                    )
                ),
                name="audits_closed_vocabulary",
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
                            "model.registered",
                            "model.activated",
                            "model.retired",
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

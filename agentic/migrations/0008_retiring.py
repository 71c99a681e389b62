"""A word for a model that is taken out of service."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from agentic.append_only import guard_again


def guarded(apps: Any, schema_editor: Any) -> None:
    guard_again(schema_editor, "audits")


class Migration(migrations.Migration):
    dependencies = [
        ("agentic", "0007_seeding"),
    ]

    operations = [
        # Backwards it is the last thing that is done.
        migrations.RunPython(migrations.RunPython.noop, guarded),
        migrations.RemoveConstraint(
            model_name="audit",
            name="audits_closed_vocabulary",
        ),
        migrations.AlterField(
            model_name="audit",
            name="action",
            field=models.CharField(
                choices=[
                    ("sign_in.succeeded", "Somebody signed in."),
                    ("sign_in.failed", "A sign-in was refused."),
                    ("sign_in.locked", "An account or an address was locked out for a while."),
                    ("sign_in.unlocked", "An operator ended a lock-out before its time."),
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
                    ("policy.drafted", "Somebody proposed a review policy."),
                    ("policy.draft_closed", "A proposed review policy was put aside."),
                    ("model.registered", "A version of a model was entered into the registry."),
                    ("model.uploaded", "The file of a model was uploaded."),
                    ("model.activation_requested", "Somebody asked for a version to go live."),
                    ("model.activation_refused", "A second person refused, or the asker withdrew."),
                    ("model.activated", "A version of a model went live."),
                    ("model.rolled_back", "An earlier version of a model went live again."),
                    ("model.retired", "A version of a model was taken out of service."),
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
                    ("data.seeded", "Synthetic tasks, and all that hangs on them, were written."),
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
                            "sign_in.unlocked",
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
                            "policy.drafted",
                            "policy.draft_closed",
                            "model.registered",
                            "model.uploaded",
                            "model.activation_requested",
                            "model.activation_refused",
                            "model.activated",
                            "model.rolled_back",
                            "model.retired",
                            "training.requested",
                            "training.cancelled",
                            "task.moved",
                            "task.overridden",
                            "task.escalated",
                            "stop.set",
                            "stop.lifted",
                            "notifications.changed",
                            "data.exported",
                            "data.seeded",
                        ],
                    )
                ),
                name="audits_closed_vocabulary",
            ),
        ),
        migrations.RunPython(guarded, migrations.RunPython.noop),
    ]

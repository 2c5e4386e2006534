"""Who is to be told of which alert."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0007_pools_of_no_category"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "occasion",
                    models.CharField(
                        choices=[("raised", "Raised"), ("resolved", "Resolved"), ("test", "Test")],
                        max_length=16,
                    ),
                ),
                ("receiver", models.CharField(max_length=330)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("claim", models.CharField(blank=True, max_length=32)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "alert",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="pools.alert"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "alert deliveries",
                "indexes": [
                    models.Index(fields=["state", "receiver", "id"], name="delivery_by_state")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("alert", "occasion", "receiver"), name="alert_told_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("alert", None), ("occasion", "test")),
                            models.Q(
                                models.Q(("occasion", "test"), _negated=True),
                                ("alert__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="only_a_test_is_of_no_alert",
                    ),
                ],
            },
        ),
    ]

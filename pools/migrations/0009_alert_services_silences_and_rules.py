"""Services that are told of alerts, silences, and rules of one's own."""

import django.core.validators
import django.utils.timezone
from django.db import migrations, models

import pools.fields


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0008_alert_deliveries"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertReceiver",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                ("url", models.CharField(max_length=1000, verbose_name="Apprise URL")),
                ("kinds", models.JSONField(blank=True, default=list, verbose_name="hears of")),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
            ],
            options={
                "verbose_name": "alert receiver",
                "verbose_name_plural": "alert receivers",
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Everybody reads it on the status page while the alert stands.",
                        max_length=80,
                        unique=True,
                        verbose_name="name",
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("events", "Events"),
                            ("amount", "BTC moved by them"),
                            ("lag", "Blocks behind the chain"),
                            ("latency", "Milliseconds in which the node answers"),
                        ],
                        max_length=16,
                        verbose_name="what is measured",
                    ),
                ),
                ("letters", models.CharField(blank=True, editable=False, max_length=6)),
                ("address", models.CharField(blank=True, editable=False, max_length=42)),
                ("pool_id", pools.fields.UInt256Field(editable=False, null=True)),
                (
                    "minutes",
                    models.PositiveIntegerField(
                        default=60,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10080),
                        ],
                        verbose_name="over the last minutes",
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("above", "more than"), ("below", "less than")],
                        default="above",
                        max_length=8,
                        verbose_name="alert when it is",
                    ),
                ),
                ("limit", pools.fields.UInt256Field(editable=False)),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
            ],
            options={
                "verbose_name": "alert rule",
                "verbose_name_plural": "alert rules",
            },
        ),
        migrations.AlterField(
            model_name="alertdelivery",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("sent", "Sent"),
                    ("failed", "Failed"),
                    ("held", "Held"),
                    ("spared", "Spared"),
                ],
                default="waiting",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="AlertSilence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kinds", models.JSONField(blank=True, default=list, verbose_name="kinds")),
                (
                    "key",
                    models.CharField(blank=True, max_length=200, verbose_name="only this alert"),
                ),
                (
                    "starts_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="from"),
                ),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "made_by",
                    models.CharField(blank=True, editable=False, max_length=150, verbose_name="by"),
                ),
            ],
            options={
                "verbose_name": "silence",
                "verbose_name_plural": "silences",
                "indexes": [models.Index(fields=["ends_at"], name="silence_by_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="silence_ends_after_it_starts",
                    )
                ],
            },
        ),
    ]

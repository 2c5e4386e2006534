"""Names of records for people: nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0009_alert_services_silences_and_rules"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="alert",
            options={"verbose_name": "alert", "verbose_name_plural": "alerts"},
        ),
        migrations.AlterModelOptions(
            name="alertdelivery",
            options={"verbose_name": "alert delivery", "verbose_name_plural": "alert deliveries"},
        ),
        migrations.AlterModelOptions(
            name="block",
            options={"verbose_name": "block", "verbose_name_plural": "blocks"},
        ),
        migrations.AlterModelOptions(
            name="category",
            options={
                "ordering": ["order", "slug"],
                "verbose_name": "category",
                "verbose_name_plural": "categories",
            },
        ),
        migrations.AlterModelOptions(
            name="categorycorrection",
            options={
                "verbose_name": "category correction",
                "verbose_name_plural": "category corrections",
            },
        ),
        migrations.AlterModelOptions(
            name="categoryrules",
            options={"verbose_name": "category rules", "verbose_name_plural": "category rules"},
        ),
        migrations.AlterModelOptions(
            name="chain",
            options={"verbose_name": "chain", "verbose_name_plural": "chains"},
        ),
        migrations.AlterModelOptions(
            name="connectionspell",
            options={
                "verbose_name": "connection spell",
                "verbose_name_plural": "connection spells",
            },
        ),
        migrations.AlterModelOptions(
            name="contract",
            options={"verbose_name": "contract", "verbose_name_plural": "contracts"},
        ),
        migrations.AlterModelOptions(
            name="coveredrange",
            options={"verbose_name": "covered range", "verbose_name_plural": "covered ranges"},
        ),
        migrations.AlterModelOptions(
            name="cursor",
            options={"verbose_name": "cursor", "verbose_name_plural": "cursors"},
        ),
        migrations.AlterModelOptions(
            name="endpointrecord",
            options={"verbose_name": "endpoint record", "verbose_name_plural": "endpoint records"},
        ),
        migrations.AlterModelOptions(
            name="historicalscan",
            options={"verbose_name": "historical scan", "verbose_name_plural": "historical scans"},
        ),
        migrations.AlterModelOptions(
            name="hourlyactivity",
            options={"verbose_name": "hourly activity", "verbose_name_plural": "hourly activity"},
        ),
        migrations.AlterModelOptions(
            name="latencysample",
            options={"verbose_name": "latency sample", "verbose_name_plural": "latency samples"},
        ),
        migrations.AlterModelOptions(
            name="lease",
            options={"verbose_name": "lease", "verbose_name_plural": "leases"},
        ),
        migrations.AlterModelOptions(
            name="listenerstatus",
            options={"verbose_name": "listener status", "verbose_name_plural": "listener status"},
        ),
        migrations.AlterModelOptions(
            name="log",
            options={"verbose_name": "log", "verbose_name_plural": "logs"},
        ),
        migrations.AlterModelOptions(
            name="membership",
            options={"verbose_name": "membership", "verbose_name_plural": "memberships"},
        ),
        migrations.AlterModelOptions(
            name="outboxrow",
            options={"verbose_name": "outbox row", "verbose_name_plural": "outbox rows"},
        ),
        migrations.AlterModelOptions(
            name="pool",
            options={"verbose_name": "pool", "verbose_name_plural": "pools"},
        ),
        migrations.AlterModelOptions(
            name="poolreading",
            options={"verbose_name": "pool reading", "verbose_name_plural": "pool readings"},
        ),
        migrations.AlterModelOptions(
            name="regioncount",
            options={"verbose_name": "region count", "verbose_name_plural": "region counts"},
        ),
        migrations.AlterModelOptions(
            name="verification",
            options={"verbose_name": "verification", "verbose_name_plural": "verifications"},
        ),
    ]

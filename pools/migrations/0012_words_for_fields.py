"""Words for people, of fields and their choices: nothing changes in the database."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import pools.fields
import pools.models.chain


class OnlyInState(migrations.SeparateDatabaseAndState):
    """Without making models anew after each of the many, as nothing here asks for them: that would
    take longer than all migrations before. As Django's own `clear_delayed_apps_cache` does.
    """

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)


class Migration(migrations.Migration):
    dependencies = [
        ("pools", "0011_last_spell_of_a_state"),
    ]

    operations = [
        OnlyInState(
            state_operations=[
                migrations.AlterField(
                    model_name="alert",
                    name="acknowledged_at",
                    field=models.DateTimeField(null=True, verbose_name="acknowledged at"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="count",
                    field=models.BigIntegerField(default=1, verbose_name="count"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="details",
                    field=models.JSONField(default=dict, verbose_name="details"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="key",
                    field=models.CharField(max_length=200, verbose_name="key"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="kind",
                    field=models.CharField(max_length=32, verbose_name="kind"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="message",
                    field=models.CharField(max_length=400, verbose_name="message"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="raised_at",
                    field=models.DateTimeField(auto_now_add=True, verbose_name="raised at"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="resolved_at",
                    field=models.DateTimeField(null=True, verbose_name="resolved at"),
                ),
                migrations.AlterField(
                    model_name="alert",
                    name="seen_at",
                    field=models.DateTimeField(auto_now=True, verbose_name="seen at"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="alert",
                    field=models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="pools.alert",
                        verbose_name="alert",
                    ),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="attempts",
                    field=models.IntegerField(default=0, verbose_name="attempts"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="claim",
                    field=models.CharField(blank=True, max_length=32, verbose_name="claim"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="claimed_until",
                    field=models.DateTimeField(null=True, verbose_name="claimed until"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="created_at",
                    field=models.DateTimeField(auto_now_add=True, verbose_name="created at"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="due_at",
                    field=models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="due at"
                    ),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="error",
                    field=models.CharField(blank=True, max_length=300, verbose_name="error"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="occasion",
                    field=models.CharField(
                        choices=[("raised", "Raised"), ("resolved", "Resolved"), ("test", "Test")],
                        max_length=16,
                        verbose_name="occasion",
                    ),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="receiver",
                    field=models.CharField(max_length=330, verbose_name="receiver"),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="sent_at",
                    field=models.DateTimeField(null=True, verbose_name="sent at"),
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
                        verbose_name="state",
                    ),
                ),
                migrations.AlterField(
                    model_name="alertdelivery",
                    name="uid",
                    field=models.UUIDField(default=uuid.uuid4, unique=True, verbose_name="uid"),
                ),
                migrations.AlterField(
                    model_name="alertrule",
                    name="address",
                    field=models.CharField(
                        blank=True, editable=False, max_length=42, verbose_name="address"
                    ),
                ),
                migrations.AlterField(
                    model_name="alertrule",
                    name="letters",
                    field=models.CharField(
                        blank=True, editable=False, max_length=6, verbose_name="letters"
                    ),
                ),
                migrations.AlterField(
                    model_name="alertrule",
                    name="limit",
                    field=pools.fields.UInt256Field(editable=False, verbose_name="limit"),
                ),
                migrations.AlterField(
                    model_name="alertrule",
                    name="pool_id",
                    field=pools.fields.UInt256Field(
                        editable=False, null=True, verbose_name="pool id"
                    ),
                ),
                migrations.AlterField(
                    model_name="block",
                    name="canonical",
                    field=models.BooleanField(default=True, verbose_name="canonical"),
                ),
                migrations.AlterField(
                    model_name="block",
                    name="chain",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="pools.chain",
                        verbose_name="chain",
                    ),
                ),
                migrations.AlterField(
                    model_name="block",
                    name="hash",
                    field=models.CharField(max_length=66, verbose_name="hash"),
                ),
                migrations.AlterField(
                    model_name="block",
                    name="number",
                    field=models.BigIntegerField(verbose_name="number"),
                ),
                migrations.AlterField(
                    model_name="block",
                    name="parent_hash",
                    field=models.CharField(max_length=66, verbose_name="parent hash"),
                ),
                migrations.AlterField(
                    model_name="block",
                    name="timestamp",
                    field=models.DateTimeField(verbose_name="timestamp"),
                ),
                migrations.AlterField(
                    model_name="category",
                    name="active",
                    field=models.BooleanField(
                        default=True,
                        help_text="Untick it instead of deleting the category: its keywords then count no more.",
                        verbose_name="active",
                    ),
                ),
                migrations.AlterField(
                    model_name="category",
                    name="order",
                    field=models.PositiveSmallIntegerField(
                        default=100,
                        help_text="Where keywords of several categories are in one name, the lowest number wins.",
                        verbose_name="order",
                    ),
                ),
                migrations.AlterField(
                    model_name="category",
                    name="slug",
                    field=models.SlugField(
                        help_text="Its name in addresses and in the API, for good: small letters, digits, hyphens.",
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(?!none$)[a-z0-9]+(-[a-z0-9]+)*$"
                            )
                        ],
                        verbose_name="slug",
                    ),
                ),
                migrations.AlterField(
                    model_name="categorycorrection",
                    name="category",
                    field=models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pools.category",
                        to_field="slug",
                        verbose_name="category",
                    ),
                ),
                migrations.AlterField(
                    model_name="categorycorrection",
                    name="contract",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="categorycorrection",
                    name="corrected_at",
                    field=models.DateTimeField(auto_now=True, verbose_name="corrected at"),
                ),
                migrations.AlterField(
                    model_name="categorycorrection",
                    name="name",
                    field=models.CharField(blank=True, max_length=400, verbose_name="name"),
                ),
                migrations.AlterField(
                    model_name="categorycorrection",
                    name="pool_id",
                    field=pools.fields.UInt256Field(verbose_name="pool id"),
                ),
                migrations.AlterField(
                    model_name="categoryrules",
                    name="done_to",
                    field=models.BigIntegerField(default=0, null=True, verbose_name="done to"),
                ),
                migrations.AlterField(
                    model_name="categoryrules",
                    name="revision",
                    field=models.UUIDField(default=uuid.uuid4, verbose_name="revision"),
                ),
                migrations.AlterField(
                    model_name="chain",
                    name="activity_mark",
                    field=models.BigIntegerField(
                        default=pools.models.chain.new_mark,
                        editable=False,
                        verbose_name="activity mark",
                    ),
                ),
                migrations.AlterField(
                    model_name="chain",
                    name="anchor_hash",
                    field=models.CharField(max_length=66, verbose_name="anchor hash"),
                ),
                migrations.AlterField(
                    model_name="chain",
                    name="anchor_number",
                    field=models.BigIntegerField(verbose_name="anchor number"),
                ),
                migrations.AlterField(
                    model_name="chain",
                    name="chain_id",
                    field=models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="chain id"
                    ),
                ),
                migrations.AlterField(
                    model_name="chain",
                    name="last_seq",
                    field=models.BigIntegerField(default=0, verbose_name="last seq"),
                ),
                migrations.AlterField(
                    model_name="connectionspell",
                    name="attempts",
                    field=models.IntegerField(default=0, verbose_name="attempts"),
                ),
                migrations.AlterField(
                    model_name="connectionspell",
                    name="detail",
                    field=models.CharField(blank=True, max_length=300, verbose_name="detail"),
                ),
                migrations.AlterField(
                    model_name="connectionspell",
                    name="endpoint",
                    field=models.CharField(blank=True, max_length=253, verbose_name="endpoint"),
                ),
                migrations.AlterField(
                    model_name="connectionspell",
                    name="since",
                    field=models.DateTimeField(verbose_name="since"),
                ),
                migrations.AlterField(
                    model_name="connectionspell",
                    name="state",
                    field=models.CharField(
                        choices=[
                            ("connecting", "Connecting"),
                            ("live", "Live"),
                            ("reconnecting", "Reconnecting"),
                            ("error", "Error"),
                            ("offline", "Offline"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                migrations.AlterField(
                    model_name="connectionspell",
                    name="until",
                    field=models.DateTimeField(verbose_name="until"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="address",
                    field=models.CharField(max_length=42, verbose_name="address"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="chain",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contracts",
                        to="pools.chain",
                        verbose_name="chain",
                    ),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="emergency_mode",
                    field=models.BooleanField(default=False, verbose_name="emergency mode"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="events_total",
                    field=models.BigIntegerField(default=0, verbose_name="events in all"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="fee_collector",
                    field=models.CharField(
                        blank=True, default="", max_length=42, verbose_name="fee collector"
                    ),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="fees_collected",
                    field=pools.fields.UInt256Field(default=0, verbose_name="fees collected"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="folded_to",
                    field=models.BigIntegerField(default=-1, verbose_name="folded to"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="implementation",
                    field=models.CharField(
                        blank=True, default="", max_length=42, verbose_name="implementation"
                    ),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="initialized_version",
                    field=pools.fields.UInt256Field(null=True, verbose_name="initialized version"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="members_total",
                    field=models.BigIntegerField(default=0, verbose_name="members in all"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="owner",
                    field=models.CharField(
                        blank=True, default="", max_length=42, verbose_name="owner"
                    ),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="paused",
                    field=models.BooleanField(default=False, verbose_name="paused"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="performance_fee",
                    field=pools.fields.UInt256Field(null=True, verbose_name="performance fee"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="pools_total",
                    field=models.BigIntegerField(default=0, verbose_name="pools in all"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="revision",
                    field=models.BigIntegerField(default=0, verbose_name="revision"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="start_block",
                    field=models.BigIntegerField(verbose_name="start block"),
                ),
                migrations.AlterField(
                    model_name="contract",
                    name="total_contributed",
                    field=pools.fields.UInt256Field(default=0, verbose_name="total contributed"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="bloom_agrees",
                    field=models.BooleanField(null=True, verbose_name="bloom agrees"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="contract",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="covered",
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="covered_at",
                    field=models.DateTimeField(auto_now=True, verbose_name="covered at"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="end_hash",
                    field=models.CharField(max_length=66, verbose_name="end hash"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="endpoint",
                    field=models.CharField(max_length=253, verbose_name="endpoint"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="from_block",
                    field=models.BigIntegerField(verbose_name="from block"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="linked",
                    field=models.BooleanField(default=False, verbose_name="linked"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="logs",
                    field=models.BigIntegerField(verbose_name="logs"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="parent_hash",
                    field=models.CharField(blank=True, max_length=66, verbose_name="parent hash"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="scan",
                    field=models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="pools.historicalscan",
                        verbose_name="scan",
                    ),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="to_block",
                    field=models.BigIntegerField(verbose_name="to block"),
                ),
                migrations.AlterField(
                    model_name="coveredrange",
                    name="witness",
                    field=models.CharField(blank=True, max_length=253, verbose_name="witness"),
                ),
                migrations.AlterField(
                    model_name="cursor",
                    name="chain",
                    field=models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="pools.chain",
                        verbose_name="chain",
                    ),
                ),
                migrations.AlterField(
                    model_name="cursor",
                    name="hash",
                    field=models.CharField(blank=True, max_length=66, verbose_name="hash"),
                ),
                migrations.AlterField(
                    model_name="cursor",
                    name="number",
                    field=models.BigIntegerField(verbose_name="number"),
                ),
                migrations.AlterField(
                    model_name="cursor",
                    name="timestamp",
                    field=models.DateTimeField(null=True, verbose_name="timestamp"),
                ),
                migrations.AlterField(
                    model_name="cursor",
                    name="updated_at",
                    field=models.DateTimeField(auto_now=True, verbose_name="updated at"),
                ),
                migrations.AlterField(
                    model_name="endpointrecord",
                    name="fingerprint",
                    field=models.CharField(
                        max_length=64, primary_key=True, serialize=False, verbose_name="fingerprint"
                    ),
                ),
                migrations.AlterField(
                    model_name="endpointrecord",
                    name="host",
                    field=models.CharField(max_length=253, verbose_name="host"),
                ),
                migrations.AlterField(
                    model_name="endpointrecord",
                    name="latency_ms",
                    field=models.FloatField(null=True, verbose_name="latency in ms"),
                ),
                migrations.AlterField(
                    model_name="endpointrecord",
                    name="problem",
                    field=models.CharField(blank=True, max_length=300, verbose_name="problem"),
                ),
                migrations.AlterField(
                    model_name="endpointrecord",
                    name="range_size",
                    field=models.BigIntegerField(verbose_name="range size"),
                ),
                migrations.AlterField(
                    model_name="endpointrecord",
                    name="updated_at",
                    field=models.DateTimeField(auto_now=True, verbose_name="updated at"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="contract",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="created_at",
                    field=models.DateTimeField(auto_now_add=True, verbose_name="created at"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="done_to",
                    field=models.BigIntegerField(null=True, verbose_name="done to"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="endpoints",
                    field=models.CharField(blank=True, max_length=400, verbose_name="endpoints"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="error",
                    field=models.CharField(blank=True, max_length=400, verbose_name="error"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="events_found",
                    field=models.BigIntegerField(default=0, verbose_name="events found"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="finished_at",
                    field=models.DateTimeField(null=True, verbose_name="finished at"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="from_block",
                    field=models.BigIntegerField(verbose_name="from block"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="kind",
                    field=models.CharField(
                        choices=[("backfill", "Backfill"), ("rescan", "Rescan")],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="requests",
                    field=models.BigIntegerField(default=0, verbose_name="requests"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="retries",
                    field=models.BigIntegerField(default=0, verbose_name="retries"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="started_at",
                    field=models.DateTimeField(null=True, verbose_name="started at"),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="state",
                    field=models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("running", "Running"),
                            ("done", "Finished"),
                            ("failed", "Failed"),
                        ],
                        db_index=True,
                        default="requested",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                migrations.AlterField(
                    model_name="historicalscan",
                    name="to_block",
                    field=models.BigIntegerField(verbose_name="to block"),
                ),
                migrations.AlterField(
                    model_name="hourlyactivity",
                    name="contract",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="hourlyactivity",
                    name="count",
                    field=models.BigIntegerField(verbose_name="count"),
                ),
                migrations.AlterField(
                    model_name="hourlyactivity",
                    name="hour",
                    field=models.DateTimeField(verbose_name="hour"),
                ),
                migrations.AlterField(
                    model_name="hourlyactivity",
                    name="kind",
                    field=models.CharField(max_length=32, verbose_name="kind"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="answer_count",
                    field=models.IntegerField(default=0, verbose_name="answer count"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="answer_sum",
                    field=models.FloatField(default=0, verbose_name="answer sum"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="answer_worst",
                    field=models.FloatField(default=0, verbose_name="answer worst"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="endpoint",
                    field=models.CharField(max_length=253, verbose_name="endpoint"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="minute",
                    field=models.BigIntegerField(verbose_name="minute"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="store_count",
                    field=models.IntegerField(default=0, verbose_name="store count"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="store_sum",
                    field=models.FloatField(default=0, verbose_name="store sum"),
                ),
                migrations.AlterField(
                    model_name="latencysample",
                    name="store_worst",
                    field=models.FloatField(default=0, verbose_name="store worst"),
                ),
                migrations.AlterField(
                    model_name="lease",
                    name="expires_at",
                    field=models.DateTimeField(verbose_name="expires at"),
                ),
                migrations.AlterField(
                    model_name="lease",
                    name="holder",
                    field=models.CharField(blank=True, max_length=100, verbose_name="holder"),
                ),
                migrations.AlterField(
                    model_name="lease",
                    name="name",
                    field=models.CharField(
                        max_length=32, primary_key=True, serialize=False, verbose_name="name"
                    ),
                ),
                migrations.AlterField(
                    model_name="lease",
                    name="token",
                    field=models.BigIntegerField(default=0, verbose_name="token"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="bytes_received",
                    field=models.BigIntegerField(default=0, verbose_name="bytes received"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="connected_at",
                    field=models.DateTimeField(null=True, verbose_name="connected at"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="detail",
                    field=models.CharField(blank=True, max_length=300, verbose_name="detail"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="endpoint",
                    field=models.CharField(blank=True, max_length=253, verbose_name="endpoint"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="events_received",
                    field=models.BigIntegerField(default=0, verbose_name="events received"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="head",
                    field=models.BigIntegerField(null=True, verbose_name="head"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="head_at",
                    field=models.DateTimeField(null=True, verbose_name="head at"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="last_event_at",
                    field=models.DateTimeField(null=True, verbose_name="last event at"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="latency_ms",
                    field=models.FloatField(null=True, verbose_name="latency in ms"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="messages_received",
                    field=models.BigIntegerField(default=0, verbose_name="messages received"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="reconnect_attempts",
                    field=models.IntegerField(default=0, verbose_name="attempts to reconnect"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="reconnects_total",
                    field=models.BigIntegerField(default=0, verbose_name="reconnections in all"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="state",
                    field=models.CharField(
                        choices=[
                            ("connecting", "Connecting"),
                            ("live", "Live"),
                            ("reconnecting", "Reconnecting"),
                            ("error", "Error"),
                            ("offline", "Offline"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="stopped",
                    field=models.BooleanField(default=False, verbose_name="stopped"),
                ),
                migrations.AlterField(
                    model_name="listenerstatus",
                    name="updated_at",
                    field=models.DateTimeField(verbose_name="updated at"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="account",
                    field=models.CharField(blank=True, max_length=42, verbose_name="account"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="block",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="pools.block",
                        verbose_name="block",
                    ),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="block_number",
                    field=models.BigIntegerField(verbose_name="block number"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="contract",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="data",
                    field=models.BinaryField(verbose_name="data"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="kind",
                    field=models.CharField(blank=True, max_length=32, verbose_name="kind"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="log_index",
                    field=models.IntegerField(verbose_name="log index"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="pool_id",
                    field=pools.fields.UInt256Field(null=True, verbose_name="pool id"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="problem",
                    field=models.CharField(blank=True, max_length=300, verbose_name="problem"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="retracted_seq",
                    field=models.BigIntegerField(null=True, verbose_name="retracted seq"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="seq",
                    field=pools.fields.SequenceField(
                        primary_key=True, serialize=False, verbose_name="seq"
                    ),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="timestamp",
                    field=models.DateTimeField(verbose_name="timestamp"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="topics",
                    field=models.BinaryField(verbose_name="topics"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="transaction_hash",
                    field=models.CharField(max_length=66, verbose_name="transaction hash"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="transaction_index",
                    field=models.IntegerField(verbose_name="transaction index"),
                ),
                migrations.AlterField(
                    model_name="log",
                    name="uncommon_kind",
                    field=models.CharField(max_length=32, null=True, verbose_name="uncommon kind"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="account",
                    field=models.CharField(max_length=42, verbose_name="account"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="active",
                    field=models.BooleanField(verbose_name="active"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="contribution",
                    field=pools.fields.UInt256Field(verbose_name="contribution"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="joined_at",
                    field=models.DateTimeField(verbose_name="joined at"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="left_at",
                    field=models.DateTimeField(null=True, verbose_name="left at"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="pool",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="pools.pool",
                        verbose_name="pool",
                    ),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="shares",
                    field=pools.fields.UInt256Field(verbose_name="shares"),
                ),
                migrations.AlterField(
                    model_name="membership",
                    name="yield_claimed",
                    field=pools.fields.UInt256Field(verbose_name="yield claimed"),
                ),
                migrations.AlterField(
                    model_name="outboxrow",
                    name="created_at",
                    field=models.DateTimeField(auto_now_add=True, verbose_name="created at"),
                ),
                migrations.AlterField(
                    model_name="outboxrow",
                    name="first_seq",
                    field=models.BigIntegerField(verbose_name="first seq"),
                ),
                migrations.AlterField(
                    model_name="outboxrow",
                    name="kind",
                    field=models.CharField(
                        choices=[
                            ("event", "Event"),
                            ("retraction", "Retraction"),
                            ("confirmation", "Confirmation"),
                            ("batch", "Batch"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                migrations.AlterField(
                    model_name="outboxrow",
                    name="log",
                    field=models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="pools.log",
                        verbose_name="log",
                    ),
                ),
                migrations.AlterField(
                    model_name="outboxrow",
                    name="seq",
                    field=models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="seq"
                    ),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="category",
                    field=models.ForeignKey(
                        db_column="category",
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pools.category",
                        to_field="slug",
                        verbose_name="category",
                    ),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="closed_at",
                    field=models.DateTimeField(null=True, verbose_name="closed at"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="contract",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pools",
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="created_at",
                    field=models.DateTimeField(verbose_name="created at"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="created_block",
                    field=models.BigIntegerField(verbose_name="created block"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="created_log_index",
                    field=models.IntegerField(verbose_name="created log index"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="created_tx",
                    field=models.CharField(max_length=66, verbose_name="creating transaction"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="creator",
                    field=models.CharField(db_index=True, max_length=42, verbose_name="creator"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="events",
                    field=models.BigIntegerField(verbose_name="events"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="last_block",
                    field=models.BigIntegerField(verbose_name="last block"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="last_event_at",
                    field=models.DateTimeField(db_index=True, verbose_name="last event at"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="last_log_index",
                    field=models.IntegerField(verbose_name="last log index"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="max_members",
                    field=pools.fields.UInt256Field(verbose_name="max members"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="member_count",
                    field=models.BigIntegerField(db_index=True, verbose_name="member count"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="min_contribution",
                    field=pools.fields.UInt256Field(verbose_name="min contribution"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="name",
                    field=models.CharField(blank=True, max_length=400, verbose_name="name"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="name_raw",
                    field=models.BinaryField(verbose_name="raw name"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="pool_id",
                    field=pools.fields.UInt256Field(verbose_name="pool id"),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="status",
                    field=models.PositiveSmallIntegerField(
                        choices=[(0, "Open"), (1, "Active"), (2, "Closed")], verbose_name="status"
                    ),
                ),
                migrations.AlterField(
                    model_name="pool",
                    name="total_contributed",
                    field=pools.fields.UInt256Field(
                        db_index=True, verbose_name="total contributed"
                    ),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="block_hash",
                    field=models.CharField(max_length=66, verbose_name="block hash"),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="block_number",
                    field=models.BigIntegerField(verbose_name="block number"),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="contract",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to="pools.contract",
                        verbose_name="contract",
                    ),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="max_contribution",
                    field=pools.fields.UInt256Field(verbose_name="max contribution"),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="musd_minted",
                    field=pools.fields.UInt256Field(verbose_name="MUSD minted"),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="pool_id",
                    field=pools.fields.UInt256Field(verbose_name="pool id"),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="read_at",
                    field=models.DateTimeField(auto_now=True, verbose_name="read at"),
                ),
                migrations.AlterField(
                    model_name="poolreading",
                    name="yield_generated",
                    field=pools.fields.UInt256Field(verbose_name="yield generated"),
                ),
                migrations.AlterField(
                    model_name="regioncount",
                    name="count",
                    field=models.BigIntegerField(default=0, verbose_name="count"),
                ),
                migrations.AlterField(
                    model_name="regioncount",
                    name="day",
                    field=models.DateField(verbose_name="day"),
                ),
                migrations.AlterField(
                    model_name="regioncount",
                    name="region",
                    field=models.CharField(max_length=64, verbose_name="region"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="block_number",
                    field=models.BigIntegerField(verbose_name="block number"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="error",
                    field=models.CharField(blank=True, max_length=400, verbose_name="error"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="finished_at",
                    field=models.DateTimeField(null=True, verbose_name="finished at"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="members_checked",
                    field=models.BigIntegerField(default=0, verbose_name="members checked"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="mismatches",
                    field=models.JSONField(default=list, verbose_name="mismatches"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="pools_checked",
                    field=models.BigIntegerField(default=0, verbose_name="pools checked"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="started_at",
                    field=models.DateTimeField(auto_now_add=True, verbose_name="started at"),
                ),
                migrations.AlterField(
                    model_name="verification",
                    name="whole",
                    field=models.BooleanField(verbose_name="whole"),
                ),
            ]
        ),
    ]

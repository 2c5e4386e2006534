"""One record of each kind that the admin shows, at least."""

from datetime import timedelta

from django.utils import timezone

from pools import ingest
from pools.models import (
    Alert,
    AlertDelivery,
    AlertReceiver,
    AlertRule,
    AlertSilence,
    ConnectionSpell,
    EndpointRecord,
    HistoricalScan,
    LatencySample,
    Pool,
    PoolReading,
    RegionCount,
    Verification,
)
from tests.factories import ANA, BEA, ChainFactory, listener, undecodable

WICKED = b"<script>alert(1)</script>\x00\xff\xe2\x80\xae"


def one_of_each() -> ChainFactory:
    """A chain of three blocks, of which the last was taken back, and rows in every table."""
    chain = ChainFactory()
    chain.block(chain.created(1, name=WICKED, creator=BEA), undecodable())
    chain.block(chain.joined(1, ANA))
    chain.block(chain.created(2))
    chain.roll_back(101)
    listener(updated_at=timezone.now())
    HistoricalScan.objects.create(
        contract=chain.contract, kind="rescan", from_block=100, to_block=101
    )
    EndpointRecord.objects.create(fingerprint="f" * 64, host="node.example", range_size=2000)
    alert = Alert.objects.create(kind="gap", key="gap:1", message="blocks 1 to 9 are not proved")
    AlertDelivery.objects.create(alert=alert, occasion="raised", receiver="webhook")
    AlertReceiver.objects.create(name="Team", url="json://127.0.0.1:9/")
    AlertRule.objects.create(name="Quiet", measure="events", letters="j", limit=5)
    AlertSilence.objects.create(key="gap:1", ends_at=timezone.now() + timedelta(hours=1))
    Verification.objects.create(block_number=101, whole=True)
    ingest.correct([Pool.objects.get(pool_id=1).pk], "housing")
    now = timezone.now()
    ConnectionSpell.objects.create(state="live", endpoint="node.example", since=now, until=now)
    LatencySample.objects.create(minute=29_000_000, endpoint="node.example", answer_count=1)
    RegionCount.objects.create(day="2025-06-15", region="America/Lima", count=3)
    PoolReading.objects.create(
        contract=chain.contract,
        pool_id=1,
        max_contribution=2**127,
        musd_minted=0,
        yield_generated=1,
        block_number=101,
        block_hash=chain.head.hash,
    )
    return chain

"""What a database holds after a history, as JSON on standard output. Run with its environment.

Reads the tables through the models, so that it needs to know nothing of how they were filled.
"""

import os
import sys
from collections import Counter

import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coopsite.settings")
django.setup()

from django.db.models import Count, Sum  # noqa: E402

from pools.models import Block, Contract, HourlyActivity, Log, Membership, Pool  # noqa: E402
from tests.bench.history_totals import Stored, Totals  # noqa: E402


def stored(address: str) -> Stored:
    """What is stored of the contract at `address` (EIP-55)."""
    contract = Contract.objects.get(address=address)
    logs = Log.objects.filter(contract=contract, retracted_seq=None)
    kinds = {row["kind"]: row["n"] for row in logs.values("kind").annotate(n=Count("pk"))}
    sums: Counter[str] = Counter()
    members = Membership.objects.filter(pool__contract=contract)
    # Databases do not add up 256-bit numbers everywhere.
    for row in members.values_list("active", "contribution", "shares", "yield_claimed").iterator():
        for name, value in zip(("active", "contribution", "shares", "claimed"), row, strict=True):
            sums[name] += value
        sums["members"] += 1
    pools = Pool.objects.filter(contract=contract)
    return Stored(
        totals=Totals(
            kinds=kinds,
            pools=pools.count(),
            closed_pools=pools.filter(status=Pool.Status.CLOSED).count(),
            memberships=sums["members"],
            active_members=sums["active"],
            contributed=str(sums["contribution"]),
            shares=str(sums["shares"]),
            yield_claimed=str(sums["claimed"]),
            fees_collected=str(contract.fees_collected),
        ),
        told={
            name: str(getattr(contract, name))
            for name in ("events_total", "pools_total", "members_total", "total_contributed")
        },
        blocks=Block.objects.filter(canonical=True, pk__in=logs.values("block")).count(),
        counted=HourlyActivity.objects.filter(contract=contract).aggregate(n=Sum("count"))["n"],
        problems=list(logs.exclude(problem="").values_list("problem", flat=True)[:3]),
    )


if __name__ == "__main__":
    print(msgspec.json.encode(stored(sys.argv[1])).decode())

"""What happens on the chain of these tests, and the command as they call it."""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command

from tests.chain import BTC, AnvilChain
from tests.meddler import Json

MINIMUM = BTC // 1000


def live_through_everything(chain: AnvilChain) -> None:
    """Joins, top-ups, leaving and coming back, withdrawals, yield, closing, wicked names."""
    ana, bea, caro, dani = chain.accounts[2:6]
    chain.add_reserve(BTC)
    first = chain.create_pool("Mercado Central")
    chain.join(first, ana, 4 * MINIMUM)
    chain.join(first, bea, 8 * MINIMUM)
    chain.join(first, bea, MINIMUM)
    chain.fund_yield(first, MINIMUM)
    chain.claim(first, ana)
    chain.set_payout_rate(first, 9_700)
    chain.leave(first, ana)
    chain.withdraw(first, bea, 2 * MINIMUM)
    chain.join(first, ana, 3 * MINIMUM)  # comes back: starts afresh, stands in the list twice
    chain.join(first, caro, MINIMUM)
    chain.leave(first, caro)
    wicked = chain.create_pool(b"<script>\xff\x00\xe2\x80\xae" + b"x" * 300, creator=dani)
    chain.join(wicked, dani, 2 * MINIMUM)
    closed = chain.create_pool("", max_members=2)
    chain.join(closed, caro, MINIMUM)
    chain.close_pool(closed)
    chain.create_pool("Nadie todavía")
    chain.set_performance_fee(250)
    chain.mine()


def verify(*, expect: int = 0, **options: Any) -> Json:
    """The command's JSON; asserts its exit code."""
    out = StringIO()
    code = 0
    try:
        call_command("verify", "--json", stdout=out, **options)
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == expect, out.getvalue()
    answer = json.loads(out.getvalue())
    assert isinstance(answer, dict)
    return answer


def found(answer: Json) -> list[tuple[str | None, str, str, str]]:
    return [
        (one["pool_id"], one["field"], one["stored"], one["onchain"])
        for one in answer["mismatches"]
    ]

"""The page of one account: what it did in which pools. An address nobody used has one, too.

Reads through `pools.selectors` and writes nothing.
"""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from pools import selectors
from pools.decoding import checksum
from pools.frame import frame
from pools.models import Chain


@require_safe
def account(request: HttpRequest, address: str) -> HttpResponse:
    """One account; its address in another letter case leads to the same page."""
    checksummed = checksum(bytes.fromhex(address[2:]))
    if checksummed != address:
        return redirect("pools:account", address=checksummed, permanent=True)
    context = {
        **frame(topics="events,notices"),
        # What its list of events takes from those that come in live.
        "chosen": json.dumps({"account": address}),
        "newest_first": True,
        "account": selectors.account(address),
        "chain_id": Chain.objects.values_list("pk", flat=True).first() or 0,
    }
    return render(request, "accounts/account.html", context)

"""One sentence for each kind of event, in the active language, as safe HTML.

Used by the feed row, which the page and the live frame share. Everything that came from the chain
is escaped here; where a pool's page lies is handed in.
"""

from collections.abc import Callable, Mapping

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from pools import presentation

# %(who)s and %(pool)s are HTML; the rest are words and numbers.
SENTENCES: Mapping[str, str] = {
    "PoolCreated": gettext_noop("%(who)s created %(pool)s"),
    "MemberJoined": gettext_noop("%(who)s joined %(pool)s"),
    "MemberLeft": gettext_noop("%(who)s left %(pool)s"),
    "PartialWithdrawal": gettext_noop("%(who)s withdrew from %(pool)s"),
    "YieldClaimed": gettext_noop("%(who)s claimed yield in %(pool)s"),
    "PoolStatusUpdated 0": gettext_noop("%(pool)s is open to members"),
    "PoolStatusUpdated 1": gettext_noop("%(pool)s is now active"),
    "PoolStatusUpdated 2": gettext_noop("%(pool)s is closed"),
    "PoolClosed": gettext_noop("%(pool)s closed for good"),
    "Paused": gettext_noop("The contract was paused"),
    "Unpaused": gettext_noop("The contract works again"),
    "EmergencyModeUpdated on": gettext_noop("Emergency mode switched on"),
    "EmergencyModeUpdated off": gettext_noop("Emergency mode switched off"),
    "PerformanceFeeUpdated": gettext_noop("Performance fee changed from %(old)s to %(new)s"),
    "PerformanceFeeUpdated same": gettext_noop("Performance fee set to %(new)s, as it was"),
    "FeeCollectorUpdated": gettext_noop("Fees now go to %(other)s"),
    "FeesCollected": gettext_noop("%(other)s collected fees"),
    "Upgraded": gettext_noop("Contract upgraded to %(other)s"),
    "Initialized": gettext_noop("Contract initialised, version %(version)s"),
    "OwnershipTransferred": gettext_noop("The contract now belongs to %(other)s"),
}
# What a list of kinds calls each of them.
KIND_NAMES: Mapping[str, object] = {
    "PoolCreated": gettext_lazy("Pool created"),
    "MemberJoined": gettext_lazy("Member joined"),
    "MemberLeft": gettext_lazy("Member left"),
    "PartialWithdrawal": gettext_lazy("Withdrawal"),
    "YieldClaimed": gettext_lazy("Yield claimed"),
    "PoolStatusUpdated": gettext_lazy("Status changed"),
    "PoolClosed": gettext_lazy("Pool closed"),
    "Paused": gettext_lazy("Contract paused"),
    "Unpaused": gettext_lazy("Contract works again"),
    "EmergencyModeUpdated": gettext_lazy("Emergency mode"),
    "PerformanceFeeUpdated": gettext_lazy("Fee changed"),
    "FeeCollectorUpdated": gettext_lazy("Fee collector changed"),
    "FeesCollected": gettext_lazy("Fees collected"),
    "Upgraded": gettext_lazy("Contract upgraded"),
    "Initialized": gettext_lazy("Contract initialised"),
    "OwnershipTransferred": gettext_lazy("Ownership transferred"),
}
UNREADABLE = gettext_noop("An event that could not be read")
# The argument that a contract-wide sentence speaks of.
OTHERS: Mapping[str, str] = {
    "FeeCollectorUpdated": "newCollector",
    "FeesCollected": "collector",
    "Upgraded": "implementation",
    "OwnershipTransferred": "newOwner",
}


def sentence(
    *,
    kind: str,
    account: str | None,
    pool: SafeString,
    args: Mapping[str, object],
    people: Callable[[str], str] = presentation.short_address,
) -> SafeString:
    """What happened, with `pool` (a link, or "" for events of the whole contract) put in.

    `people` makes text, or safe HTML such as a link, of an address.
    """
    template = SENTENCES.get(_variant(kind, args))
    if template is None:
        return format_html("{}", _(UNREADABLE))
    other = str(args.get(OTHERS.get(kind, ""), ""))
    # The marked strings are ours, and every value below is escaped or made by us.
    return format_html(
        _(template).replace("%(", "{").replace(")s", "}"),
        who=people(account or ""),
        pool=pool,
        other=people(other),
        old=_fee(args.get("oldFee")),
        new=_fee(args.get("newFee")),
        version=str(args.get("version", "")),
    )


def _variant(kind: str, args: Mapping[str, object]) -> str:
    if kind == "PoolStatusUpdated":
        return f"{kind} {args.get('newStatus')}"
    if kind == "EmergencyModeUpdated":
        return f"{kind} {'on' if args.get('enabled') else 'off'}"
    if kind == "PerformanceFeeUpdated" and args.get("oldFee") == args.get("newFee"):
        return f"{kind} same"
    return kind


def _fee(value: object) -> str:
    """The contract counts its fee in hundredths of a percent."""
    return presentation.basis_points(int(str(value))) if value is not None else ""

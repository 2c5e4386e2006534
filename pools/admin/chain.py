"""Admin pages of what the chain said: chain, contracts, cursor, blocks and logs."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pools.admin.base import (
    RecordAdmin,
    address_in,
    explorer_link,
    hash_in,
    list_link,
    number_in,
    raw_bytes,
    record_link,
)
from pools.admin.rescan import MayRescan, scan_again
from pools.interface import KINDS, event_args
from pools.models import Block, Chain, Contract, Cursor, Log, is_of_kind
from pools.projecting import event_of

TOPIC_BYTES = 32


@admin.register(Chain)
class ChainAdmin(RecordAdmin[Chain]):
    list_display = ("chain_id", "anchor_number", "anchor_hash", "last_seq")


@admin.register(Cursor)
class CursorAdmin(RecordAdmin[Cursor]):
    list_display = ("chain", "number", "hash", "timestamp", "updated_at")
    list_select_related = ("chain",)


@admin.register(Contract)
class ContractAdmin(RecordAdmin[Contract]):
    list_display = (
        "address",
        "explorer",
        "start_block",
        "paused",
        "emergency_mode",
        "pools_link",
        "events_link",
    )
    list_filter = ("paused", "emergency_mode")
    list_select_related = ("chain",)

    def find(self, term: str) -> Q:
        return Q(address=address_in(term))

    @admin.display(description=gettext_lazy("explorer"))
    def explorer(self, contract: Contract) -> SafeString | str:
        return explorer_link(contract.chain_id, "address", contract.address)

    @admin.display(description=gettext_lazy("pools"), ordering="pools_total")
    def pools_link(self, contract: Contract) -> SafeString:
        return list_link("pool", contract.pools_total, contract__exact=contract.pk)

    @admin.display(description=gettext_lazy("events"), ordering="events_total")
    def events_link(self, contract: Contract) -> SafeString:
        return list_link("log", contract.events_total, contract__exact=contract.pk)


@admin.register(Block)
class BlockAdmin(RecordAdmin[Block]):
    list_display = ("number", "hash", "timestamp", "canonical", "logs_link", "explorer")
    list_filter = ("canonical",)
    list_select_related = ("chain",)
    date_hierarchy = "timestamp"
    ordering = ("-number",)

    def find(self, term: str) -> Q:
        return Q(hash=hash_in(term) or "") | Q(number=number_in(term))

    @admin.display(description=gettext_lazy("logs"))
    def logs_link(self, block: Block) -> SafeString:
        return list_link("log", _("logs"), block__exact=block.pk)

    @admin.display(description=gettext_lazy("explorer"))
    def explorer(self, block: Block) -> SafeString | str:
        return explorer_link(block.chain_id, "block", block.number)


class KindFilter(admin.SimpleListFilter):
    """By kind, without asking the table which kinds it holds."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [("unreadable", _("could not be read")), *((kind, kind) for kind in KINDS)]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Log]) -> QuerySet[Log]:
        if self.value() is None:
            return queryset
        kind = self.value() or ""
        return queryset.filter(is_of_kind("" if kind == "unreadable" else kind))


class StandingFilter(admin.SimpleListFilter):
    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [
            ("canonical", _("part of the chain")),
            ("retracted", _("taken back")),
            ("problem", _("with a problem")),
        ]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Log]) -> QuerySet[Log]:
        match self.value():
            case "canonical":
                return queryset.filter(retracted_seq=None)
            case "retracted":
                return queryset.exclude(retracted_seq=None)
            case "problem":
                return queryset.exclude(problem="")
        return queryset


@admin.register(Log)
class LogAdmin(MayRescan, RecordAdmin[Log]):
    list_display = (
        "block_number",
        "log_index",
        "kind",
        "pool_link",
        "account",
        "transaction",
        "timestamp",
        "seq",
        "retracted_seq",
        "problem",
    )
    list_filter = (KindFilter, StandingFilter, "contract")
    list_select_related = ("contract",)
    ordering = ("-block_number", "-log_index")
    search_help_text = gettext_lazy(
        "An address, a transaction's or block's hash, or a block number."
    )
    actions = (scan_again,)
    fields = (
        "contract",
        "block_link",
        "log_index",
        "timestamp",
        "transaction",
        "transaction_index",
        "kind",
        "pool_link",
        "account",
        "arguments",
        "problem",
        "seq",
        "retracted_seq",
        "raw_topics",
        "raw_data",
    )

    def find(self, term: str) -> Q:
        if address := address_in(term):
            return Q(account=address) | Q(contract__in=Contract.objects.filter(address=address))
        if hash_ := hash_in(term):
            return Q(transaction_hash=hash_) | Q(block__in=Block.objects.filter(hash=hash_))
        return Q(block_number=number_in(term))

    @admin.display(description=pgettext_lazy("a record", "pool"), ordering="pool_id")
    def pool_link(self, log: Log) -> SafeString | str:
        if log.pool_id is None:
            return "-"
        return list_link(
            "pool", log.pool_id, contract__exact=log.contract_id, pool_id__exact=log.pool_id
        )

    @admin.display(description=gettext_lazy("block"))
    def block_link(self, log: Log) -> SafeString:
        return record_link("block", log.block_id, log.block)

    @admin.display(description=gettext_lazy("transaction"))
    def transaction(self, log: Log) -> SafeString | str:
        return explorer_link(log.contract.chain_id, "tx", log.transaction_hash)

    @admin.display(description=gettext_lazy("arguments"))
    def arguments(self, log: Log) -> SafeString | str:
        if not log.kind:
            return "-"
        told = event_args(event_of(log))
        return format_html_join("", "{}: <code>{}</code><br>", told.items())

    @admin.display(description=gettext_lazy("topics"))
    def raw_topics(self, log: Log) -> SafeString:
        topics = bytes(log.topics).hex(" ", TOPIC_BYTES).split()
        return format_html_join("", "<code>0x{}</code><br>", ((topic,) for topic in topics))

    @admin.display(description=gettext_lazy("data"))
    def raw_data(self, log: Log) -> SafeString:
        return raw_bytes(log.data)

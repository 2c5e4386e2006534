"""CSV of exactly what a list's filters show, streamed: `/pools.csv` and `/events.csv`.

Reads page by page through `pools.selectors`, so that any length takes little memory and no reader
holds the database. Amounts stand in wei, exact, and in BTC beside them, for people.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from pools import selectors
from pools.filters import EventFilter, PoolFilter
from pools.models import Pool
from pools.paged_filter import BIGGEST_PAGE, InvalidFilter, PagedFilter
from pools.paging import Page
from pools.rows import EventRow
from pools.shared_language import in_shared_language

R = TypeVar("R")
Cells = Sequence[str | int]

# A spreadsheet runs a cell that begins like this as a formula (OWASP, "CSV Injection").
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")

POOL_COLUMNS: Final = (
    *("chain_id", "contract", "pool_id", "name", "creator", "status", "category"),
    *("min_contribution_wei", "min_contribution_btc", "max_members", "member_count"),
    *("total_contributed_wei", "total_contributed_btc"),
    *("created_at", "created_block", "created_tx", "last_event_at"),
)
EVENT_COLUMNS: Final = (
    *("seq", "kind", "contract", "pool_id", "pool_name", "account", "amount_wei", "amount_btc"),
    *("block_number", "block_hash", "transaction_hash", "log_index", "timestamp", "confirmed"),
)


@require_safe
@in_shared_language
def pools_csv(request: HttpRequest) -> HttpResponseBase:
    """The pools that the page's filters show, in its order; 400 when a value makes no sense."""
    return _export(request, PoolFilter, selectors.pools, POOL_COLUMNS, pool_cells, name="pools")


@require_safe
@in_shared_language
def events_csv(request: HttpRequest) -> HttpResponseBase:
    """The events that the page's filters show, in its order: newest first unless told otherwise."""
    return _export(
        request, EventFilter, selectors.events, EVENT_COLUMNS, event_cells, name="events"
    )


def pool_cells(pool: Pool) -> Cells:
    return (
        *(pool.contract.chain_id, pool.contract.address, pool.pool_id, pool.name, pool.creator),
        *(Pool.Status(pool.status).word, pool.category_id or ""),
        *(pool.min_contribution, _btc(pool.min_contribution), pool.max_members, pool.member_count),
        *(pool.total_contributed, _btc(pool.total_contributed)),
        *(_utc(pool.created_at), pool.created_block, pool.created_tx, _utc(pool.last_event_at)),
    )


def event_cells(event: EventRow) -> Cells:
    amount = event.amount
    return (
        *(event.seq, event.kind, event.contract),
        *("" if event.pool_id is None else event.pool_id, event.pool_name or ""),
        *(event.account or "", "" if amount is None else amount),
        *("" if amount is None else _btc(amount), event.block_number, event.block_hash),
        *(event.transaction_hash, event.log_index, _utc(event.timestamp)),
        "yes" if event.confirmed else "no",
    )


def defused(cell: str | int) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULAS) else text


def _export(
    request: HttpRequest,
    kind: type[PagedFilter],
    read: Callable[[Any], Page[R]],
    columns: Cells,
    cells: Callable[[R], Cells],
    *,
    name: str,
) -> HttpResponseBase:
    query = request.GET.copy()
    for other in ("cursor", "limit", "lang"):  # an export has no pages
        query.pop(other, None)
    if kind is EventFilter and not query.get("order"):
        query["order"] = "desc"  # as on the page
    try:
        kind(query).require_valid()
    except InvalidFilter as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")

    def pages() -> Iterator[str]:
        yield _lines([columns])
        query["limit"] = str(BIGGEST_PAGE)
        while True:
            page = read(kind(query))
            yield _lines(cells(row) for row in page.results)
            if page.next is None:
                return
            query["cursor"] = page.next

    answer = StreamingHttpResponse(_in_thread(pages()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


async def _in_thread(pages: Iterator[str]) -> AsyncIterator[str]:
    """Each page when the one before it was sent: Django would read a plain iterator to its end."""
    following = sync_to_async(lambda: next(pages, None))
    while (page := await following()) is not None:
        yield page


def _lines(rows: Iterable[Cells]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([defused(cell) for cell in row] for row in rows)  # RFC 4180
    return text.getvalue()


def _btc(wei: int) -> str:
    """Exact, with a full stop whatever the language: a program reads it."""
    units, rest = divmod(wei, 10**18)
    fraction = f"{rest:018d}".rstrip("0")
    return f"{units}.{fraction}" if fraction else str(units)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

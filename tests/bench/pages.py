"""What a page costs the server when there is little and when there is much: the same, or it grew?

Each page of a database with ten thousand events and of one with a million, on SQLite and on
PostgreSQL, asked for through the real ASGI application with all its middleware, without a network.
`python -m tests.bench.pages 10000 100000` takes other sizes.
"""

import sys
from dataclasses import dataclass
from statistics import median

import psycopg

from tests.bench.history_world import backfilled, empty_databases, past_chain, ran
from tests.bench.world import percentile
from tests.processes import Stack

SIZES = (10_000, 1_000_000)
AIM_MS = 30


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one page in one database: milliseconds of the server, queries, bytes of HTML.

    `cpu` is the median of what the process worked, which a busy machine changes less.
    """

    p50: float
    p95: float
    cpu: float
    queries: int
    size: int


def measure(*sizes: int) -> list[str]:
    """The lines of the report."""
    sizes = sizes or SIZES
    costs: dict[tuple[str, str, int], Cost] = {}
    for events in sizes:
        with past_chain(events) as past, empty_databases(past) as databases:
            for database, stack in databases:
                backfilled(stack, past)
                for page, cost in _costs(stack).items():
                    costs[database, page, events] = cost
    few, many = sizes[0], sizes[-1]
    aim = f"aim: p95 ≤ {AIM_MS} ms, as many queries with many as with few"
    lines = [f"server time of each page with {few:,} and with {many:,} events ({aim})"]
    for database, page in dict.fromkeys((database, page) for database, page, _ in costs):
        lines.append(_line(database, page, costs[database, page, few], costs[database, page, many]))
    return lines


def _costs(stack: Stack) -> dict[str, Cost]:
    stack.manage("collectstatic", "--no-input", "--verbosity", "0")
    _settle(stack)
    said = ran(stack, sys.executable, "-m", "tests.bench.pages_requests").said
    return {
        page: Cost(
            p50=median(one["milliseconds"]),
            p95=percentile(one["milliseconds"], 95),
            cpu=median(one["cpu_ms"]),
            queries=one["queries"],
            size=one["bytes"],
        )
        for page, one in said.items()
    }


def _settle(stack: Stack) -> None:
    """PostgreSQL looks at its tables a minute after they were filled: do not wait for that."""
    url = stack.environment.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _line(database: str, page: str, few: Cost, many: Cost) -> str:
    queries = f"{many.queries} queries"
    if few.queries != many.queries:
        queries = f"{few.queries} and {many.queries} QUERIES"
    return (
        f"  {database}, {page}: p50 {few.p50:.1f} → {many.p50:.1f} ms "
        f"(ratio {many.p50 / few.p50:.2f}), p95 {few.p95:.1f} → {many.p95:.1f} ms, "
        f"CPU {few.cpu:.1f} → {many.cpu:.1f} ms, {queries}, {many.size / 1024:.0f} KiB"
    )


if __name__ == "__main__":
    print(*measure(*(int(argument) for argument in sys.argv[1:])), sep="\n")

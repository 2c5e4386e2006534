"""The status page tells operators whether the numbers are true, in each state there is."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from pools.alerts import raise_alert, resolve
from pools.models import (
    AlertDelivery,
    AlertReceiver,
    AlertRule,
    AlertSilence,
    ConnectionSpell,
    Contract,
    Cursor,
    EndpointRecord,
    HistoricalScan,
    Lease,
    ListenerStatus,
    Verification,
)
from tests.factories import CONTRACT, listener
from tests.ledger import NODE, OTHER_NODE, block_hash, cover, followed, hold_the_lease, scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract() -> Contract:
    """A contract whose blocks 100 to 1000 should be covered by now."""
    return followed(CONTRACT)


def page(client: Client, path: str = "/status/", **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def panel(html: str, name: str) -> str:
    """What people read in one panel of the page, blanks made one."""
    inside = html.partition(f'id="status-{name}"')[2].partition(">")[2]
    inside = re.split(r'id="status-\w+"', inside)[0].rpartition("<")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", inside).split())


def stretches(html: str) -> list[tuple[str, int, int]]:
    """The bar: state, beginning and width of each stretch, in cells."""
    found = re.findall(r'<rect class="(\w+)" x="(\d+)" width="(\d+)"', html)
    return [(state, int(at), int(width)) for state, at, width in found]


def test_before_anything_happened_each_part_says_what_will_appear(client: Client) -> None:
    html = page(client)
    for words in (
        "Our listener does not report",
        "No alert is open.",
        "No contract is followed yet",
        "No scan is at work.",
        "No scan has ended yet.",
        "No verification yet.",
        "Nothing is known of any node yet.",
        "No block is covered yet.",
    ):
        assert words in html


def test_a_contract_before_its_first_block_says_so(client: Client, contract: Contract) -> None:
    Cursor.objects.all().delete()
    assert "No block is known yet." in panel(page(client), "coverage")


def test_the_connection_is_told_in_full(client: Client, contract: Contract) -> None:
    listener(
        updated_at=timezone.now(),
        head=1002,
        latency_ms=41.7,
        reconnects_total=3,
        connected_at=timezone.now() - timedelta(hours=2, minutes=5),
    )
    told = panel(page(client), "connection")
    assert "Connected to the chain, catching up" in told
    assert f"Node {NODE}" in told
    assert "Node latency 42 ms" in told
    assert "Uptime 2 h 5 min" in told
    assert "Reconnections 3" in told
    assert "Newest block 1,002" in told
    assert "Read up to block 1,000" in told
    assert "Behind 2 blocks" in told


def test_a_listener_in_trouble_says_what_is_the_matter(client: Client, contract: Contract) -> None:
    listener(
        updated_at=timezone.now(),
        state=ListenerStatus.State.ERROR,
        detail="node.example answers for another chain",
    )
    assert "node.example answers for another chain" in panel(page(client), "connection")


def test_everything_proved_is_one_green_bar(client: Client, contract: Contract) -> None:
    cover(contract, 100, 1000)
    Contract.objects.update(folded_to=1000)
    html = page(client)
    assert stretches(html) == [("covered", 0, 400)]
    told = panel(html, "coverage")
    assert "100 % proved" in told
    assert "Proved 901" in told
    assert "numbers of its pools" not in told
    assert "Gaps" not in html


def test_gaps_are_drawn_counted_and_explained(client: Client, contract: Contract) -> None:
    hold_the_lease()
    cover(contract, 100, 324)
    cover(contract, 551, 774)
    scan(contract, 325, 400, error="no header came with the logs")
    scan(contract, 401, 550, state="running")
    html = page(client)
    assert [state for state, _, _ in stretches(html)] == [
        *("covered", "unproved", "reading", "covered", "waiting")
    ]
    assert sum(width for _, _, width in stretches(html)) == 400
    told = panel(html, "coverage")
    assert "49.83 % proved" in told
    assert "Being read 150" in told
    assert "Not read yet 226" in told
    assert "Not proved 76" in told
    assert "325 – 400 76 blocks no header came with the logs · since" in told
    assert told.index("325 – 400") < told.index("401 – 550")


def test_why_blocks_are_not_proved_is_told_in_spanish(client: Client, contract: Contract) -> None:
    cover(contract, 100, 324)
    said = f"{NODE}: no receipt of 0xab in block 325"
    scan(contract, 325, 400, error=said, finished_at=timezone.now())
    html = client.get("/status/", headers={"accept-language": "es"}).content.decode()
    for name in ("coverage", "ended"):
        assert f"{NODE}: sin recibo de 0xab en el bloque 325" in panel(html, name)


def test_the_list_of_gaps_is_bounded_and_says_how_many_more(
    client: Client, contract: Contract
) -> None:
    for first in range(102, 300, 2):
        cover(contract, first, first)
    cover(contract, 300, 1000)
    scan(contract, 299, 299, error="only the last of them was tried")
    html = page(client)
    told = panel(html, "coverage")
    assert html.count('class="range"') >= 50
    assert "and 50 more" in told
    assert "only the last of them was tried" in told  # whatever was tried in vain comes first


def test_pools_behind_a_gap_say_whose_numbers_they_are(client: Client, contract: Contract) -> None:
    cover(contract, 100, 499)
    Contract.objects.update(folded_to=499)
    told = panel(page(client), "coverage")
    assert "The numbers of its pools are those of block 499" in told
    Contract.objects.update(folded_to=99)
    assert "Its pools follow as soon as history has been read." in panel(page(client), "coverage")


@pytest.mark.parametrize("path", ["/", "/pools/", "/status/"])
def test_a_banner_tells_of_history_while_it_is_read(
    client: Client, contract: Contract, path: str
) -> None:
    Contract.objects.update(folded_to=549)
    told = " ".join(re.sub(r"<[^>]+>", "", page(client, path)).split())
    assert "History is being read: 49 %." in told
    assert "are those of block 549." in told
    Contract.objects.update(folded_to=99)
    assert "show as soon as it has begun" in page(client, path)
    Contract.objects.update(folded_to=1000)
    assert "History is being read" not in page(client, path)


def test_a_banner_says_that_pools_went_on_without_blocks_that_nobody_proves(
    client: Client, contract: Contract
) -> None:
    Contract.objects.update(folded_to=1000)
    told = "Something may be missing."
    assert told not in page(client, "/")
    raise_alert("gap", "a", "no proof", {"contract": contract.address, "from_block": 300})
    for path in ("/", "/pools/"):
        assert told in page(client, path)
    Contract.objects.update(folded_to=299)  # its pools still wait for them
    assert told not in page(client, "/")
    Contract.objects.update(folded_to=1000)
    resolve("a")
    assert told not in page(client, "/")


def test_a_contract_that_begins_above_the_cursor_has_no_banner(
    client: Client, contract: Contract
) -> None:
    Contract.objects.update(start_block=2000, folded_to=-1)
    assert "History is being read" not in page(client)


def test_a_ledger_that_contradicts_itself_is_told_loudly(
    client: Client, contract: Contract
) -> None:
    cover(contract, 100, 499)
    cover(contract, 500, 1000, parent_hash=block_hash(7))
    told = panel(page(client), "coverage")
    assert "The ledger contradicts itself at 1 seam" in told
    assert "500" in told.partition("contradicts itself")[2]


def test_the_evidence_is_counted_by_node(client: Client, contract: Contract) -> None:
    cover(contract, 100, 499, witness=OTHER_NODE, logs=1234)
    cover(contract, 500, 1000, endpoint=OTHER_NODE, linked=True, bloom_agrees=True)
    told = panel(page(client), "coverage")
    assert f"{NODE} 400 1,234 1 1 0 0" in told
    assert f"{OTHER_NODE} 501 1 1 0 1 1" in told


def test_a_scan_at_work_shows_how_far_it_is(client: Client, contract: Contract) -> None:
    hold_the_lease()
    scan(
        contract,
        100,
        499,
        state="running",
        done_to=199,
        events_found=3000,
        requests=12,
        retries=2,
        endpoints=f"{NODE}, {OTHER_NODE}",
        started_at=timezone.now() - timedelta(seconds=60),
    )
    told = panel(page(client), "scans")
    assert "Done 25 %" in told
    assert "At block 199" in told
    assert "Events 3,000" in told
    assert "Events per second 50" in told
    assert "Questions 12 (2 repeated)" in told
    assert re.search("Time left (2 min 59 s|3 min)", told)
    assert f"{NODE}, {OTHER_NODE}" in told


def test_a_scan_whose_worker_ended_is_said_to_wait(client: Client, contract: Contract) -> None:
    scan(contract, 100, 499, state="running", done_to=199)
    told = panel(page(client), "scans")
    assert "No scan is at work." in told
    assert "stopped half-way" in told
    hold_the_lease()
    assert "Done 25 %" in panel(page(client), "scans")


def test_scans_that_were_asked_for_wait(client: Client, contract: Contract) -> None:
    scan(contract, 300, 399, state="requested", kind="rescan")
    told = panel(page(client), "scans")
    assert "Waiting 300 – 399" in told
    assert "Second reading, asked for" in told
    assert "in all" not in told
    for first in range(400, 412):
        scan(contract, first, first, state="requested", kind="rescan")
    told = panel(page(client), "scans")
    assert told.count("Waiting") == 10
    assert "13 wait in all" in told


def test_scans_that_ended_show_what_they_found_and_why_they_failed(
    client: Client, contract: Contract
) -> None:
    ended = timezone.now()
    scan(
        contract,
        100,
        199,
        state="done",
        events_found=77,
        started_at=ended - timedelta(seconds=125),
        finished_at=ended,
    )
    scan(contract, 200, 299, error="nobody has these blocks", finished_at=ended)
    told = panel(page(client), "ended")
    assert "done 100 – 199 Backfill" in told
    assert "2 min 5 s" in told
    assert "failed 200 – 299" in told
    assert "nobody has these blocks" in told


def test_open_alerts_are_told_with_since_when_and_how_often(
    client: Client, contract: Contract
) -> None:
    for _ in range(3):
        raise_alert("gap", "gap:1", "blocks 5 to 9 cannot be proved")
    raise_alert("late_logs", "late:1", "a log came late")
    resolve("late:1")
    told = panel(page(client), "alerts")
    assert "Gap in history blocks 5 to 9 cannot be proved" in told
    assert "seen 3 times" in told
    assert told.index("cannot be proved") < told.index("settled a log came late")
    resolve("gap:1")
    told = panel(page(client), "alerts")
    assert told.startswith("No alert is open.")
    assert "settled blocks 5 to 9 cannot be proved" in told


def test_the_page_says_whether_somebody_was_told_and_until_when_nobody_is(
    client: Client, contract: Contract, settings: Settings
) -> None:
    settings.ALERT_EMAILS = ["ana@example.org"]
    AlertReceiver.objects.create(name="Team Slack", url="json://127.0.0.1:9/s3cr3t-canary")
    rule = AlertRule.objects.create(name="Too quiet", measure="events", letters="j", limit=1)
    raise_alert("rule", rule.key, "“Too quiet”: 0 events in the last 60 min")
    told = panel(page(client), "alerts")
    assert "Own rule “Too quiet”: 0 events" in told
    assert "about to be told" in told
    AlertDelivery.objects.update(state="sent")
    assert "· told" in panel(page(client), "alerts")
    AlertDelivery.objects.filter(receiver__startswith="mail").update(state="failed")
    assert "not everybody could be told" in panel(page(client), "alerts")
    AlertSilence.objects.create(
        key=rule.key, ends_at=timezone.now().replace(year=2999, month=1, day=2, hour=15, minute=0)
    )
    for state in ("waiting", "held"):
        AlertDelivery.objects.update(state=state)
        whole = page(client)
        told = panel(whole, "alerts")
        assert "nobody told yet · silenced until Jan. 2, 2999, 3 p.m." in told
    for secret in ("canary", "ana@example.org", "Team Slack"):
        assert secret not in whole


def test_verifications_say_what_agrees(client: Client, contract: Contract) -> None:
    Verification.objects.create(
        block_number=900,
        whole=True,
        pools_checked=12,
        members_checked=1,
        finished_at=timezone.now(),
    )
    Verification.objects.create(
        block_number=950,
        whole=False,
        pools_checked=3,
        mismatches=[{"field": "total"}, {"field": "members"}],
        finished_at=timezone.now(),
    )
    Verification.objects.create(block_number=990, whole=False, error="the node has no such block")
    told = panel(page(client), "checks")
    assert "all agree Block 900" in told
    assert "Everything: 12 pools, 1 member" in told
    assert "2 differ Block 950" in told
    assert "not finished Block 990" in told
    assert "the node has no such block" in told
    assert told.index("990") < told.index("950") < told.index("900")


def test_what_was_learned_of_nodes_names_hosts_only(client: Client, contract: Contract) -> None:
    EndpointRecord.objects.create(
        fingerprint="f" * 64,
        host=NODE,
        range_size=2000,
        latency_ms=81.2,
        problem="429 Too Many Requests",
    )
    html = page(client)
    told = panel(html, "endpoints")
    assert NODE in told
    assert "takes 2,000 blocks in one question" in told
    assert "81 ms" in told
    assert "429 Too Many Requests" in told
    assert "f" * 64 not in html


def test_pieces_show_their_evidence(client: Client, contract: Contract) -> None:
    done = scan(contract, 100, 499, state="done")
    cover(contract, 100, 499, witness=OTHER_NODE, logs=5, scan=done, linked=True)
    cover(contract, 500, 500, bloom_agrees=True)
    told = panel(page(client), "pieces")
    first, _, second = told.partition("100 – 499")
    assert "500" in first
    assert "bloom" in first
    assert "listener" in first
    assert f"{block_hash(499)[:10]}… {NODE} 5 header linked {OTHER_NODE} scan {done.pk}" in second


def test_older_pieces_are_reached_by_plain_links(client: Client, contract: Contract) -> None:
    for number in range(100, 145):
        cover(contract, number, number)
    seen: list[str] = []
    path = "/status/"
    while path:
        html = page(client, path)
        table = html.partition('id="pieces-title"')[2]
        seen += re.findall(r'<span class="range">(\d+)</span>', table)
        following = re.search(r'rel="next"\s+href="([^"#]+)', html)
        path = "/status/" + following[1].replace("&amp;", "&") if following else ""
    assert seen == [str(number) for number in range(144, 99, -1)]


def test_only_the_newest_pieces_follow_the_ledger(client: Client, contract: Contract) -> None:
    for number in range(100, 125):
        cover(contract, number, number)
    html = page(client)
    assert 'id="status-pieces"' in html
    cursor = re.search(r'href="\?cursor=([^"#]+)', html)
    assert cursor
    older = page(client, cursor=cursor[1])
    assert 'id="status-pieces"' not in older
    assert 'id="status-coverage"' in older


@pytest.mark.parametrize("nonsense", ["x", "\0", "9" * 500, "W10", "WyItd3JpdHRlbiIsLTFd"])
def test_a_cursor_that_makes_no_sense_shows_the_newest(
    client: Client, contract: Contract, nonsense: str
) -> None:
    cover(contract, 100, 199)
    assert "100 – 199" in panel(page(client, cursor=nonsense), "pieces")


def test_the_page_is_read_only_and_speaks_spanish(client: Client, contract: Contract) -> None:
    assert client.post("/status/").status_code == 405
    cover(contract, 100, 499)
    html = client.get("/status/", headers={"accept-language": "es"}).content.decode()
    assert "Estado" in html
    assert "Cobertura" in html


def test_every_page_leads_to_the_status(client: Client) -> None:
    for path in ("/", "/pools/"):
        html = page(client, path)
        for place in ("<nav", 'id="live-panel"', "<footer"):
            assert 'href="/status/"' in html.partition(place)[2]


def test_what_nodes_say_is_inert(client: Client, contract: Contract) -> None:
    wicked = "<script>alert(1)</script><hx-partial id=main>"
    scan(contract, 100, 199, error=wicked, endpoints=wicked)
    cover(contract, 300, 399, endpoint=wicked)
    EndpointRecord.objects.create(fingerprint="a", host=wicked, range_size=1, problem=wicked)
    raise_alert(wicked[:30], "key", wicked)
    html = page(client)
    assert "<script>alert" not in html
    assert "<hx-partial" not in html


def test_the_page_has_no_inline_styles_or_scripts(client: Client, contract: Contract) -> None:
    cover(contract, 100, 499)
    html = page(client)
    assert " style=" not in html
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)


def test_the_number_of_queries_is_the_same_whatever_the_size_of_the_ledger(
    client: Client, contract: Contract, django_assert_max_num_queries: Any
) -> None:
    hold_the_lease()
    cover(contract, 100, 100)
    scan(contract, 999, 999, state="running")
    raise_alert("gap", "gap:1", "a gap")
    few = _queries(client, django_assert_max_num_queries)
    other = Contract.objects.create(chain=contract.chain, address="0x" + "1" * 40, start_block=5)
    for number in range(102, 500, 2):
        done = scan(contract, number, number, state="done", finished_at=timezone.now())
        cover(contract, number, number, scan=done)
        cover(other, number, number, endpoint=OTHER_NODE)
        scan(contract, number + 1, number + 1, error="no", finished_at=timezone.now())
        scan(contract, number, number, state="requested")
        EndpointRecord.objects.create(fingerprint=str(number), host="a.example", range_size=5)
        raise_alert("gap", f"gap:{number}", "a gap")
        Verification.objects.create(block_number=number, whole=True)
    assert _queries(client, django_assert_max_num_queries) == few
    assert HistoricalScan.objects.count() > 500
    assert Lease.objects.count() == 1


def _queries(client: Client, counted: DjangoAssertNumQueries) -> int:
    with counted(45) as queries:
        page(client)
    return len(queries)


def test_the_axis_of_the_connection_begins_with_a_moment_that_does_not_tick(
    client: Client, contract: Contract
) -> None:
    now = timezone.now()
    ConnectionSpell.objects.create(state="live", since=now - timedelta(days=2), until=now)
    ends = page(client).partition('id="status-history"')[2].partition("ledger-ends")[2]
    ends = ends.partition("</p>")[0]
    assert re.search(r"<span>\d{1,2} [A-Z][a-z]{2}, \d\d:\d\d</span>\s*<span>now</span>", ends)
    assert "<time" not in ends

"""What strangers may write into the live address, and what becomes of the rest."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pools.charts.titles import ALL
from realtime.topics import (
    BIGGEST_SEQ,
    DASHBOARD,
    NOWHERE,
    POOLS,
    STATUS,
    BadRequest,
    Request,
    Topic,
    read_request,
    read_since,
    read_topics,
)

CONTRACT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # EIP-55's own example


def test_topics_are_sorted_and_named_once() -> None:
    wish = read_request(f"topics=status,pools,dashboard,pool:{CONTRACT}:7,pools&since=12".encode())
    assert wish.topics == (DASHBOARD, Topic("pool", CONTRACT, 7), POOLS, STATUS)
    assert wish.since == 12
    assert str(wish.topics[1]) == f"pool:{CONTRACT}:7"


def test_a_contract_may_be_spelled_in_any_case() -> None:
    for spelled in (CONTRACT.lower(), "0x" + CONTRACT[2:].upper(), CONTRACT.upper()):
        assert read_request(f"topics=pool:{spelled}:1".encode()).topics == (
            Topic("pool", CONTRACT, 1),
        )


def test_without_since_the_first_message_says_it() -> None:
    assert read_request(b"topics=dashboard&lang=es").language == "es"
    assert read_request(b"topics=dashboard").language == ""
    assert read_request(b"topics=dashboard").since is None


@pytest.mark.parametrize(("query", "since"), [(b"", None), (b"since=12", 12)])
def test_without_topics_it_is_the_dashboard(query: bytes, since: int | None) -> None:
    assert read_request(query) == Request((DASHBOARD,), since)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("0", 0),
        ("007", 7),
        (str(BIGGEST_SEQ), BIGGEST_SEQ),
        (str(BIGGEST_SEQ + 1), NOWHERE),
        ("-1", NOWHERE),
        ("1e3", NOWHERE),
        ("٣", NOWHERE),
        ("", NOWHERE),
        (5, 5),
        (-5, NOWHERE),
        (5.0, NOWHERE),
        (True, NOWHERE),
        (None, NOWHERE),
        ([1], NOWHERE),
    ],
)
def test_what_is_no_number_of_ours_leads_to_a_snapshot(written: object, means: int) -> None:
    assert read_since(written) == means


@pytest.mark.parametrize(
    "query",
    [
        b"topics",
        b"topics=",
        b"topics=dashboard,",
        b"topics=Dashboard",
        b"topics=dashboard&topics=pools",
        b"topics=dashboard&since=1&since=2",
        b"topics=pool",
        b"topics=pool:0x12:1",
        f"topics=pool:{CONTRACT}".encode(),
        f"topics=pool:{CONTRACT}:-1".encode(),
        f"topics=pool:{CONTRACT}:{2**256}".encode(),
        f"topics=pool:{CONTRACT}:1:2".encode(),
        f"topics=pool:{CONTRACT}:%D9%A3".encode(),
        b"topics=" + b",".join([b"pools"] * 9),
        b"topics=dashboard&" + b"a=" + b"x" * 2000,
        "topics=dashboard&ñ=1".encode(),
    ],
)
def test_anything_else_is_refused(query: bytes) -> None:
    with pytest.raises(BadRequest):
        read_request(query)


@given(st.one_of(st.binary(), st.text().map(lambda text: f"topics={text}".encode())))
@example(b"topics=%00")
@example(b"topics=dashboard&since=%F0%9F")
def test_nothing_else_ever_comes_of_a_query(query: bytes) -> None:
    try:
        wish = read_request(query)
    except BadRequest:
        return
    assert 0 < len(wish.topics) <= 8
    assert wish.since is None or NOWHERE <= wish.since <= BIGGEST_SEQ


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "all"])
def test_charts_are_heard_of_by_their_period(period: str) -> None:
    (topic,) = read_request(f"topics=charts:{period}".encode()).topics
    assert (topic.kind, topic.period, str(topic)) == ("charts", period, f"charts:{period}")


def test_some_charts_of_a_period_are_one_topic_in_whatever_order_they_are_named() -> None:
    one, other = (
        read_topics(f"charts:24h:{names}") for names in ("sizes.activity", "activity.sizes")
    )
    assert one == other
    assert str(one[0]) == "charts:24h:activity.sizes"
    assert read_topics("charts:7d:" + ".".join(reversed(ALL))) == read_topics("charts:7d")


@pytest.mark.parametrize(
    "wrong",
    [
        *("charts", "charts:", "charts:1y", "charts:24H", "charts:24h:1", "charts:24h:"),
        *("charts:24h:sizes.", "charts:24h:sizes.sizes", "charts::sizes", "charts:24h:sizes:pools"),
    ],
)
def test_other_periods_do_not_exist(wrong: str) -> None:
    with pytest.raises(BadRequest):
        read_request(f"topics={wrong}".encode())


OWN = "own:7d:btc_j_line_page_" + CONTRACT + "_12"


def test_a_chart_of_ones_own_making_is_a_topic_in_its_period() -> None:
    (topic,) = read_topics(OWN)
    assert (topic.kind, topic.period, str(topic)) == ("own", "7d", OWN)
    assert topic.own is not None
    assert (topic.own.subject.address, topic.own.subject.pool_id) == (CONTRACT, 12)
    assert read_topics(OWN.replace(CONTRACT, CONTRACT.lower())) == (topic,)
    assert read_topics(f"{OWN},own:7d:n_j_bars_7d,{OWN}") == read_topics(
        f"own:7d:n_j_bars_7d,{OWN}"
    )


def test_a_pool_and_an_account_of_the_same_digits_are_two_topics() -> None:
    text = f"own:7d:n_j_bars_page_{CONTRACT},own:7d:n_j_bars_page_{CONTRACT}_1"
    assert len(read_topics(text)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        *("own", "own:", "own:7d", "own:7d:", "own:1y:n_j_bars_page", "own:7d:n_j_bars"),
        "own:7d:n_j_bars_24h",  # it has another period of its own
        "own:7d:btc_no_bars_page",  # nothing that moves BTC
        f"own:7d:n_j_bars_page_{CONTRACT}_{2**256}",
        ",".join(f"own:7d:n_j_bars_page_{CONTRACT}_{n}" for n in range(7)),
    ],
)
def test_other_charts_do_not_exist_and_seven_are_too_many(wrong: str) -> None:
    with pytest.raises(BadRequest):
        read_topics(wrong)


def test_six_charts_of_the_largest_pools_fit_beside_the_dashboards_topics() -> None:
    own = ",".join(f"own:30d:btc_jlwy_bars_page_{CONTRACT}_{2**256 - n}" for n in range(1, 7))
    ready = "dashboard,charts:30d:pools.activity.rhythm"
    query = f"topics={ready},{own},notices&lang=es&since={BIGGEST_SEQ}"
    assert len(read_request(query.encode()).topics) == 9

"""What a cookie and a live address may say of charts of one's own making."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools import own_charts
from pools.buckets import PERIODS
from pools.own_charts import (
    EVERYTHING,
    LETTERS,
    PAGE,
    SHAPES,
    Definition,
    OwnChart,
    Subject,
    clean_title,
    read,
    read_definition,
    written,
)

ANA = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # EIP-55's own example
LARGEST = 2**256 - 1

subjects = st.sampled_from([EVERYTHING, Subject(ANA), Subject(ANA, 0), Subject(ANA, LARGEST)])
definitions = st.builds(
    own_charts.definition,
    st.sets(st.sampled_from(LETTERS), min_size=1),
    shape=st.sampled_from(SHAPES),
    period=st.sampled_from([PAGE, *PERIODS]),
    subject=subjects,
    amounts=st.booleans(),
).filter(lambda found: found is not None)


@st.composite
def some_charts(draw: st.DrawFn) -> tuple[OwnChart, ...]:
    found = draw(st.lists(definitions, max_size=own_charts.MOST, unique=True))
    titles = [clean_title(draw(st.text())) for _ in found]
    return tuple(
        OwnChart(slot, each, title)
        for slot, (each, title) in enumerate(zip(found, titles, strict=True), start=1)
    )


@given(some_charts())
def test_what_is_kept_is_read_again_and_fits_into_a_cookie(charts: tuple[OwnChart, ...]) -> None:
    text = written(charts)
    assert read(text) == charts
    assert len(text) < own_charts.LONGEST


def test_the_longest_charts_fit_into_a_cookie() -> None:
    longest = [
        OwnChart(slot, Definition(LETTERS, "bars", PAGE, Subject(ANA, LARGEST - slot)), "𝔉" * 60)
        for slot in own_charts.SLOTS
    ]
    assert read(written(longest)) == tuple(longest)


@given(st.text())
def test_any_text_gives_charts_or_none(text: str) -> None:
    for chart in read(text):
        assert read_definition(str(chart.definition)) == chart.definition


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "n", "n_j", "n_j_bars", "n_j_bars_1y", "n_x_bars_24h", "n_j_pie_24h", "n__bars_24h"),
        *("btc_no_bars_24h", f"btc_no_bars_24h_{ANA}", "n_j_bars_24h_12", "n_j_bars_24h_0x12"),
        *(
            f"n_j_bars_24h_{ANA}_{2**256}",
            f"n_j_bars_24h_{ANA}_",
            "n_j_bars_24h\n",
            "n_ｊ_bars_24h",
        ),
    ],
)
def test_what_is_no_definition_is_none(wrong: str) -> None:
    assert read_definition(wrong) is None


def test_other_spellings_of_a_definition_are_the_same() -> None:
    found = read_definition(f"btc_yjjn_line_7d_{ANA.lower()}_007")
    assert found == Definition("jy", "line", "7d", Subject(ANA, 7), amounts=True)
    assert str(found) == f"btc_jy_line_7d_{ANA}_7"


def test_charts_of_one_number_or_of_one_definition_are_read_once() -> None:
    text = "1:n_j_bars_page:|1:n_l_bars_page:|2:n_j_bars_page:|9:n_y_bars_page:|x:n_y_bars_page:"
    assert [str(chart.definition) for chart in read(text)] == ["n_j_bars_page"]


def test_a_title_is_one_short_line_of_what_can_be_seen() -> None:
    assert clean_title("  Who\n comes\u202e and\u200b goes\x00 ") == "Who comes and goes"
    assert len(clean_title("a" * 500)) == own_charts.LONGEST_TITLE
    hostile = OwnChart(1, Definition("j"), "\u202eevil\x00")
    assert read(written([hostile]))[0].title == "evil"


def test_a_title_that_is_no_base64_is_none() -> None:
    for title in ("%%%", "a", "é", "====", "_-8"):
        assert len(read(f"1:n_j_bars_page:{title}")) == 1

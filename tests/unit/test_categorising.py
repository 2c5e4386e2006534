"""A pool's category follows from whole words of its name, in any letter case, with or without
accents; the category that comes first wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.categorising import (
    LONGEST_KEYWORD,
    Match,
    Rule,
    Rules,
    keywords_in,
    unusable,
    words,
)

names = st.text(max_size=60)
RULES = Rules(
    [
        Rule("education", 10, ("escuela", "útiles escolares", "🎓", "C++")),
        Rule("market", 20, ("mercado", "puesto", "a.c", ".*", "(x", "co-op")),
        Rule("family", 30, ("familia", "escuela", "👩‍🌾")),
    ]
)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Escuela", "education"),
        ("ESCUELA DE LA FAMILIA", "education"),
        ("La familia y la escuela", "education"),
        ("Utiles Escolares 2027", "education"),
        ("U\u0301TILES – escolares", "education"),
        ("útiles (escolares)", "education"),
        ("útiles para escolares", None),
        ("útiles", None),
        ("escuelas", None),
        ("preescuela", None),
        ("escuela2", None),
        ("escuela_dominical", "education"),
        ("¡Escuela!", "education"),
        ("Ｅｓｃｕｅｌａ", "education"),
        ("promo 🎓🎓", "education"),
        ("clases de C++", "education"),
        ("clases de C", None),
        ("mercado", "market"),
        ("supermercado", None),
        ("Taxi co-op", "market"),
        ("Taxi co op", "market"),
        ("Taxi coop", None),
        ("a.c", "market"),
        ("abc", None),
        ("anything", None),
        ("x", "market"),
        ("👩🌾", "family"),
        ("", None),
        ("\ufffd\ufffd", None),
        ("學校", None),
    ],
)
def test_a_name_is_of_the_first_category_with_a_keyword_in_it(
    name: str, category: str | None
) -> None:
    assert RULES.category_of(name) == category


def test_the_lowest_order_wins_and_then_the_slug() -> None:
    tied = [Rule("b", 5, ("casa",)), Rule("a", 5, ("casa",)), Rule("c", 4, ("otra",))]
    assert Rules(tied).category_of("casa") == "a"
    assert Rules(reversed(tied)).category_of("casa") == "a"
    assert Rules(tied).category_of("casa y otra") == "c"


def test_the_keyword_that_decided_is_told() -> None:
    assert RULES.match("los Útiles Escolares") == Match("education", "utiles escolares")
    assert RULES.match("nada") is None


def test_without_rules_no_name_has_a_category() -> None:
    assert Rules().category_of("casa") is None
    assert Rules([Rule("empty", 1, ("", "…", "--"))]).category_of("… -- …") is None


def test_huge_names_and_keywords_take_no_time() -> None:
    rules = Rules([Rule("long", 1, ("a " * 4_000, *(f"a {n}" for n in range(2_000))))])
    assert rules.category_of("a " * 200) is None
    assert Rules([Rule("end", 1, ("end",))]).category_of("x" * 1_000_000 + " end") == "end"


@given(names, names, names)
def test_a_keyword_is_found_wherever_it_stands_between_blanks(
    before: str, keyword: str, after: str
) -> None:
    found = Rules([Rule("it", 1, (keyword,))]).category_of(f"{before} {keyword} {after}")
    assert found == ("it" if words(keyword) else None)


@given(names, st.lists(names, max_size=5))
def test_any_text_is_a_name_and_any_a_keyword(name: str, keywords: list[str]) -> None:
    found = Rules([Rule("it", 1, tuple(keywords))]).match(name)
    if found is not None:
        assert words(found.keyword) in {words(keyword) for keyword in keywords}


@given(names)
def test_letter_case_and_accents_make_no_difference(name: str) -> None:
    assert words(name.upper().lower()) == words(name.upper())
    assert words(" ".join(words(name))) == words(name)


@given(names)
def test_order_of_rules_makes_no_difference(name: str) -> None:
    rules = [Rule("a", 1, ("a", "b c")), Rule("b", 1, ("b",)), Rule("c", 0, ("c",))]
    assert Rules(rules).match(name) == Rules(rules[::-1]).match(name)


def test_keywords_stand_a_line_each() -> None:
    assert keywords_in("  casa \r\n\n casa\nútiles   escolares\t\n") == ["casa", "útiles escolares"]


def test_keywords_that_nothing_could_match_are_named() -> None:
    long = "x" * (LONGEST_KEYWORD + 1)
    assert unusable(["casa", "…", "🎓", "C++", long]) == ["…", long]

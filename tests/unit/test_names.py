"""Cleaning a pool's name: nothing that comes out can do harm, what people wrote stays."""

import unicodedata

import pytest
import regex  # type: ignore[import-untyped]  # it comes without types
from hypothesis import example, given
from hypothesis import strategies as st

from pools.names import MAX_CHARACTERS, MAX_GRAPHEMES, clean_name

# Characters that hostile names are made of, which plain text strategies seldom draw.
NASTY = "\x00\x07\x1b\x7f\x85\u00ad\u034f\u061c\u115f\u180e\u200b\u200d\u200e\u202e\u2028\u2066"
NASTY += "\u2069\u2800\u3164\ufe0f\ufeff\uffff\U000e0041\U000e0100 \t\n\u00a0\u3000\u0301\u0e33"
NASTY += "क्षᄀ각🇪🇸👩🏽ה\ue000"
hostile = st.text(st.one_of(st.sampled_from(NASTY), st.characters()), max_size=400)
anything = st.one_of(
    st.binary(max_size=600),
    hostile.map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@given(anything)
def test_nothing_invisible_is_left(raw: bytes) -> None:
    for character in clean_name(raw):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert not regex.match(r"\p{Default_Ignorable_Code_Point}|\p{Bidi_Control}", character)
        assert character not in "\u2800\ufffe\uffff"
        assert character == " " or not character.isspace()


@given(anything)
def test_the_result_fits_one_short_line(raw: bytes) -> None:
    name = clean_name(raw)
    assert name == name.strip()
    assert "  " not in name
    assert len(regex.findall(r"\X", name)) <= MAX_GRAPHEMES
    assert len(name) <= MAX_CHARACTERS
    name.encode("utf-8")


@given(anything)
@example(("a" * 79 + " b").encode())
@example(("a" + "\u0301" * 700).encode())
@example(("क्" * 400).encode())
def test_cleaning_twice_changes_nothing_more(raw: bytes) -> None:
    once = clean_name(raw)
    assert clean_name(once.encode()) == once


@pytest.mark.parametrize(
    "name",
    [
        "Mercado Central",
        "Ahorro del Barrio Ñuñoa",
        "Students' Fund #3 — 2026",
        "سوق المدينة",
        "सहकारी बचत",
        "协作储蓄池",
        "Semillas 🌱",
        "<b>bold</b> & \"quoted\" 'too'",
        "=SUM(A1)",
    ],
)
def test_what_people_write_stays_as_it_is(name: str) -> None:
    assert clean_name(name.encode()) == name


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (b"", ""),
        (b"\x00\x01\x7f", ""),
        (b"  \t\n ", ""),
        ("\u200b\u3164\u2800\ufeff".encode(), ""),
        (b"a\x00b", "ab"),
        (b"line\r\nbreak", "line break"),
        (b"caf\xe9", "caf\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        ("pay\u202egnp.exe".encode(), "paygnp.exe"),
        ("a \u200b b".encode(), "a b"),
    ],
)
def test_what_harms_goes(raw: bytes, cleaned: str) -> None:
    assert clean_name(raw) == cleaned


def test_a_long_name_ends_on_a_whole_grapheme() -> None:
    assert clean_name(("👩🏽" * 100).encode()) == "👩🏽" * 80
    assert clean_name(("e\u0301" * 100).encode()) == "e\u0301" * 80
    assert clean_name(b"x" * 10_000) == "x" * 80


def test_marks_do_not_pile_up() -> None:
    assert clean_name(("Z" + "\u0335" * 5000 + "!").encode()) == "Z" + "\u0335" * 4 + "!"

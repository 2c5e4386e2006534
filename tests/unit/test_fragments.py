"""Small HTML stays the same HTML, whatever pools are called."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.sentences import format_html
from realtime.fragments import compact, partial


class Reader(HTMLParser):
    """The tags, attributes and words of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        words = data.split()
        if words:
            self.found.append(" ".join(words))


def read(html: str) -> list[object]:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.found


NAMES = st.one_of(
    # Without the blanks that Python's reader takes for HTML's, which knows only those of ASCII.
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1),
    st.lists(
        st.sampled_from(
            [
                "<hx-partial id=main>",
                "</hx-partial>",
                "<head>",
                "</body",
                '"',
                "'",
                "&lt;",
                "&",
                ">",
            ]
        ),
        min_size=1,
    ).map("".join),
)


@given(NAMES)
def test_compacting_changes_no_word_and_forges_no_tag(name: str) -> None:
    html = format_html('<li>\n  <a href="/" title="{}">{}</a> <b>1</b>\n</li>', name, name)
    small = compact(html)
    assert len(small) <= len(html)
    assert not re.search(r"</?(hx-|head|html|body)", small, re.IGNORECASE)
    assert read(small) == read(html)


@pytest.mark.parametrize(
    ("swap", "element"),
    [
        ("", "<hx-partial id=n-hour>7</hx-partial>"),
        ("feed", "<hx-partial id=n-hour hx-swap=feed>7</hx-partial>"),
        ("rows top:6", '<hx-partial id=n-hour hx-swap="rows top:6">7</hx-partial>'),
    ],
)
def test_a_partial_costs_as_few_bytes_as_htmx_allows(swap: str, element: str) -> None:
    assert partial("n-hour", "7", swap=swap) == element

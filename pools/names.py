"""Pool names as people may see them: arbitrary bytes from the chain to harmless text.

Pure: bytes in, text out. The raw bytes stay in the records; escaping for HTML, CSV or XML is
left to whoever writes those.
"""

import regex  # type: ignore[import-untyped]  # it comes without types

MAX_GRAPHEMES = 80
MAX_CHARACTERS = 320

# The braille blank is a letter to Unicode and nothing to the eye.
_BLANK = regex.compile(r"[\s\u2800]+")
# Controls, formats (bidi, zero width), surrogates, private and unassigned characters, fillers and
# selectors that leave no mark. XML allows neither NUL nor the noncharacters among them.
_INVISIBLE = regex.compile(r"[\p{C}\p{Default_Ignorable_Code_Point}]+")
# Living scripts stack up to four marks on one letter; more is a drawing across the lines around it.
_TOO_MANY_MARKS = regex.compile(r"(\p{M}{4})\p{M}+")
_LEADING_GRAPHEMES = regex.compile(rf"\X{{0,{MAX_GRAPHEMES}}}")


def clean_name(raw: bytes) -> str:
    """Text of a pool's name, fit for one line of a page, log or message; empty if nothing is left.

    Invalid UTF-8 becomes U+FFFD; controls, bidi and zero-width characters go; white space
    collapses; at most 80 graphemes and 320 characters remain. Cleaning a cleaned name again
    changes nothing. Letters written right to left remain: isolate them where they are shown.
    """
    text = _TOO_MANY_MARKS.sub(r"\1", visible(raw.decode("utf-8", "replace")))
    kept: str = _LEADING_GRAPHEMES.match(text[:MAX_CHARACTERS]).group()
    return kept.rstrip()


def visible(text: str) -> str:
    """The text on one line, without controls, bidi marks and whatever else leaves no mark."""
    shown: str = _INVISIBLE.sub("", _BLANK.sub(" ", text))
    return " ".join(shown.split())

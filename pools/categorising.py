"""Which category a pool's name speaks of, by keywords that people keep.

Pure: names and rules in, a slug out. Keywords are compared as lists of words, never as patterns, so
that nothing in them can mean more than it says. Where rules and names come from is others' matter.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import regex  # type: ignore[import-untyped]  # it comes without types

LONGEST_KEYWORD: Final = 80  # characters

# A word of letters and digits in any script; or one symbol, as emoji are. The rest separates.
_WORD: Final = regex.compile(r"[\p{L}\p{N}\p{M}]+|\p{S}")
_MARKS: Final = regex.compile(r"\p{Mn}+")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A category's keywords, a word or phrase each. The lowest `order` wins, then the slug."""

    slug: str
    order: int
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The category that a name was found to be of, and the keyword that says so, as words."""

    slug: str
    keyword: str


class Rules:
    """All rules together, made for asking them of very many names."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        # By a phrase's first word: the phrase and the rank of its category.
        self._phrases: dict[str, list[tuple[Words, int]]] = {}
        self._slugs: list[str] = []
        for rank, rule in enumerate(sorted(rules, key=lambda rule: (rule.order, rule.slug))):
            self._slugs.append(rule.slug)
            for phrase in dict.fromkeys(map(words, rule.keywords)):
                if phrase:
                    self._phrases.setdefault(phrase[0], []).append((phrase, rank))

    def match(self, name: str) -> Match | None:
        """The first category with a keyword in the name, as whole words; None without one."""
        best: tuple[int, Words] | None = None
        said = words(name)
        for at, word in enumerate(said):
            for phrase, rank in self._phrases.get(word, ()):
                if (best is None or rank < best[0]) and said[at : at + len(phrase)] == phrase:
                    best = rank, phrase
        return None if best is None else Match(self._slugs[best[0]], " ".join(best[1]))

    def category_of(self, name: str) -> str | None:
        """The slug alone."""
        found = self.match(name)
        return found.slug if found else None


def words(text: str) -> Words:
    """The words of a text without letter case and accents: "Útiles, ¡ya!" is ("utiles", "ya")."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", plain))
    return tuple(_WORD.findall(plain))


def keywords_in(text: str) -> list[str]:
    """The keywords of a field with one a line; blank lines and repetitions go."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def unusable(keywords: Iterable[str]) -> list[str]:
    """Those keywords that could never be found: too long, or without any word or symbol."""
    return [word for word in keywords if len(word) > LONGEST_KEYWORD or not words(word)]

"""What `collectstatic` leaves for browsers: ours minified, nobody's empty, theirs untouched."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from coopsite.static_files import minified, whole

SOURCES = Path(settings.BASE_DIR) / "static"


def test_each_script_and_style_sheet_is_served_whole(prepared_directory: Path) -> None:
    collected = prepared_directory / "static"
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    ours = [
        path.relative_to(SOURCES).as_posix()
        for folder in ("js", "css")
        for path in (SOURCES / folder).rglob("*.*")
    ]
    assert len(ours) > 20
    for name in ours:
        source = whole(name, lambda name: (SOURCES / name).read_text())
        served = (collected / names[name]).read_text()
        assert not re.search(r"^@?import\b", served, re.MULTILINE)
        assert "../img/" not in served
        assert 0.3 * len(source) < len(served) < len(source), name
    theirs = "vendor/htmx.min.js"
    assert (collected / names[theirs]).read_text() == (SOURCES / theirs).read_text()


@pytest.mark.parametrize(
    "path", sorted((SOURCES / "css").glob("*.css")), ids=lambda path: path.name
)
def test_a_space_before_a_pseudo_class_survives(path: Path) -> None:
    """The minifier takes a selector within @container for a declaration and drops its space."""
    descendant = re.compile(r"[\w)\]] :(?:is|not|where|has)\(")
    text = path.read_text()
    assert len(descendant.findall(minified("css/any.css", text))) == len(descendant.findall(text))


@pytest.mark.parametrize(
    "path", sorted((SOURCES / "css").glob("*.css")), ids=lambda path: path.name
)
def test_each_animation_says_where_it_begins_and_ends(path: Path) -> None:
    """What one leaves open makes each of its frames the main thread's work."""
    for name, steps in re.findall(
        r"^@keyframes ([\w-]+) {(.*?)^}", path.read_text(), re.MULTILINE | re.DOTALL
    ):
        assert re.search(r"\bfrom\b", steps), name
        assert re.search(r"\bto\b", steps), name

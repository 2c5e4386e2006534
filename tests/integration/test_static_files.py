"""What `collectstatic` leaves for browsers: ours minified, nobody's empty, theirs untouched."""

import json
from pathlib import Path

from django.conf import settings

SOURCES = Path(settings.BASE_DIR) / "static"


def test_each_script_and_style_sheet_is_served_whole(prepared_directory: Path) -> None:
    collected = prepared_directory / "static"
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    ours = [
        path.relative_to(SOURCES).as_posix()
        for folder in ("js", "css")
        for path in (SOURCES / folder).iterdir()
    ]
    assert len(ours) > 20
    for name in ours:
        source = (SOURCES / name).read_text()
        served = (collected / names[name]).read_text()
        assert 0.3 * len(source) < len(served) < len(source), name
    theirs = "vendor/htmx.min.js"
    assert (collected / names[theirs]).read_text() == (SOURCES / theirs).read_text()

"""How static files are stored by `collectstatic`: minified, named by their hash, compressed.

The comments of our scripts and style sheets are for readers of the source, not for phones.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Final

import rcssmin
import rjsmin
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

MINIFIERS: Final[Mapping[str, Callable[[str], str]]] = {
    ".css": rcssmin.cssmin,
    ".js": rjsmin.jsmin,
}


def minified(name: str, text: str) -> str:
    """What a browser gets of a file of ours; other people's files come as they are."""
    path = PurePath(name)
    minify = MINIFIERS.get(path.suffix)
    return minify(text) if minify and path.parts[0] in ("css", "js") else text


class MinifiedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # has no types
    """Minifies while files are collected, and again, to no effect, the copies named by hash."""

    def _save(self, name: str, content: Any) -> str:
        if PurePath(name).suffix in MINIFIERS:
            # In chunks, which begin at the start wherever somebody has read to.
            text = b"".join(content.chunks()).decode()
            content = ContentFile(minified(name, text).encode())
        saved: str = super()._save(name, content)
        return saved

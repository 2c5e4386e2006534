"""How static files are stored by `collectstatic`: minified, named by their hash, compressed.

The comments of our scripts and style sheets are for readers of the source, not for phones. Nor do
phones wait for one file after the other: where a script or style sheet of ours imports others, it
is stored with them, in their order, as one, and a style sheet's small pictures are written into it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

import rcssmin
import rjsmin
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

MINIFIERS: Final[Mapping[str, Callable[[str], str]]] = {
    ".css": rcssmin.cssmin,
    ".js": rjsmin.jsmin,
}
OURS: Final = ("css", "js")  # folders
# Of sheets in the same folder, so that what they name relative to it stays right, and of scripts
# that export nothing: each is a scope of its own.
_IMPORT = re.compile(r'^(?:@import url\("|import "\./)([\w/-]+\.(?:css|js))"\)?;$', re.MULTILINE)
_PICTURE = re.compile(r'url\("\.\./(img/[\w-]+\.svg)"\)')


def minified(name: str, text: str) -> str:
    """What a browser gets of a file of ours; other people's files come as they are."""
    path = PurePath(name)
    minify = MINIFIERS.get(path.suffix)
    return minify(text) if minify and path.parts[0] in OURS else text


def whole(name: str, read: Callable[[str], str]) -> str:
    """This script or style sheet with those it imports, and those that they do, in their places."""
    folder = PurePath(name).parent
    text = _IMPORT.sub(lambda found: whole(str(folder / found[1]), read), read(name))
    if PurePath(name).suffix != ".css":
        return text
    return _PICTURE.sub(lambda found: f'url("{_data_url(read(found[1]))}")', text)


def _data_url(svg: str) -> str:
    """The picture as an address (RFC 2397) that fits between double quotes."""
    return "data:image/svg+xml," + quote(svg.strip().replace('"', "'"), safe="/:;=<>', ")


class MinifiedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # has no types
    """Minifies while files are collected, and again, to no effect, the copies named by hash."""

    def post_process(
        self, paths: MutableMapping[str, tuple[Any, str]], *args: Any, **options: Any
    ) -> Iterator[Any]:
        """Name files by their hash, those that import others as the one that they make."""

        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                text: str = file.read().decode()
            return text

        ours = [name for name in paths if PurePath(name).parts[0] in OURS]
        joined = {name: whole(name, read) for name in ours}
        for name, text in joined.items():
            paths[name] = (_Joined(text), name)
        yield from super().post_process(paths, *args, **options)

    def _save(self, name: str, content: Any) -> str:
        if PurePath(name).suffix in MINIFIERS:
            # In chunks, which begin at the start wherever somebody has read to.
            text = b"".join(content.chunks()).decode()
            content = ContentFile(minified(name, text).encode())
        saved: str = super()._save(name, content)
        return saved


@dataclass(frozen=True, slots=True)
class _Joined:
    """As much of a storage as naming files by their hash takes, with one file."""

    text: str

    def open(self, _path: str) -> "ContentFile[bytes]":
        return ContentFile(self.text.encode())

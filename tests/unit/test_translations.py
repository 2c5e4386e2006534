"""The Spanish catalogue holds every word of the sources, translated and compiled."""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.utils import translation
from django.utils.translation.template import templatize

CATALOGUE = settings.BASE_DIR / "locale" / "es" / "LC_MESSAGES" / "django"
OF_NO_NUMBER = {"_", "gettext", "gettext_lazy", "gettext_noop"}
AFTER_A_CONTEXT = {"pgettext", "pgettext_lazy"}
MARKERS = OF_NO_NUMBER | AFTER_A_CONTEXT | {"ngettext", "ngettext_lazy"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%s")


def words_of_python(source: str, markers: Collection[str] = MARKERS) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            words = node.args[1:] if node.func.id in AFTER_A_CONTEXT else node.args
            first = words[0] if words else None
            if node.func.id in markers and isinstance(first, ast.Constant):
                yield str(first.value)


def sources() -> Iterator[tuple[Path, str]]:
    root = settings.BASE_DIR
    for package in ("coopsite", "pools", "realtime"):
        for path in (root / package).rglob("*.py"):
            yield path, path.read_text()
    for path in (root / "templates").rglob("*.html"):
        # Django's own translation of a template into something with gettext calls in it.
        calls = re.findall(r"\b[np]?gettext\(.*?\)(?=\s|$)", templatize(path.read_text()))
        yield path, "\n".join(call.strip() for call in calls)


def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE.with_suffix(".po")))


def test_every_word_of_the_sources_is_translated() -> None:
    known = {entry.msgid for entry in catalogue() if entry.translated()}
    missing = {
        (path.name, word)
        for path, source in sources()
        for word in words_of_python(source)
        if word and word not in known
    }
    assert not missing


def test_nothing_is_translated_that_nobody_says() -> None:
    said = {word for _, source in sources() for word in words_of_python(source)}
    assert not {entry.msgid for entry in catalogue()} - said


def test_what_is_counted_elsewhere_is_not_said_without_a_number() -> None:
    """Older Pythons of the 3.11 line do not find it then."""
    counted = {entry.msgid for entry in catalogue() if entry.msgid_plural}
    said = {word for _, source in sources() for word in words_of_python(source, OF_NO_NUMBER)}
    assert counted & said == set()


def test_nothing_in_the_catalogue_waits_for_a_translator() -> None:
    assert not catalogue().untranslated_entries()
    assert not catalogue().fuzzy_entries()
    assert not catalogue().obsolete_entries()


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.msgid[:40])
def test_a_translation_keeps_the_placeholders(entry: polib.POEntry) -> None:
    translations = list(entry.msgstr_plural.values()) or [entry.msgstr]
    for text in translations:
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(entry.msgid))


def test_readers_are_spoken_to_as_usted_everywhere() -> None:
    familiar = re.compile(
        r"\b(tú|tu|tus|te|ti|contigo|eres|estás|tienes|puedes|quieres|elige|escribe|usa|pega"
        r"|pulsa|intenta|\w+(?:íbelo|éntalo|égalo))\b",
        re.IGNORECASE,
    )
    texts = [
        text for entry in catalogue() for text in (entry.msgstr, *entry.msgstr_plural.values())
    ]
    assert [text for text in texts if familiar.search(text)] == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    assert {entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in compiled} == {
        entry.msgid: (entry.msgstr, entry.msgstr_plural) for entry in catalogue()
    }


@pytest.mark.parametrize("model", list(apps.get_app_config("pools").get_models()))
def test_the_admin_calls_each_record_by_a_name_in_spanish(model: type[Model]) -> None:
    english, spanish = [], []
    for language, names in (("en", english), ("es", spanish)):
        with translation.override(language):
            names.append(str(model._meta.verbose_name_plural))
    assert english != spanish

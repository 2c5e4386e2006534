"""Who reads Spanish finds the whole admin in Spanish: no word of ours is left in English."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import chain
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import translation

from pools.interface import KINDS, SPECS
from pools.models import (
    Alert,
    AlertDelivery,
    AlertReceiver,
    AlertRule,
    AlertSilence,
    Category,
    Pool,
)
from tests.records import one_of_each

pytestmark = pytest.mark.django_db

admin.autodiscover()
MODELS = sorted(apps.get_app_config("pools").get_models(), key=lambda model: model.__name__)
LOGINS = [*apps.get_app_config("axes").get_models()]
# Words that are the same in both languages, and names.
SAME = {
    *("cursor", "cursores", "hash", "error", "token", "no"),
    *("coopsite", "axes", "admin", "english", "español", "json post (json://…)"),
    "search",  # the picture's in Django's own template, in English alone; its button is translated
}
# Read as they stand in any language: what the contract calls its events and their arguments.
NAMES = {*KINDS, *(argument.name for spec in SPECS.values() for argument in spec.arguments)}
SAID = ("title", "placeholder", "alt", "aria-label")  # attributes that people read or hear


class Said(HTMLParser):
    """All that a page says to people, text by text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        said = [given.get(name) for name in SAID]
        if tag == "input" and given.get("type") in ("submit", "button"):
            said.append(given.get("value"))
        self.texts.update(text.strip() for text in said if text)
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "code"} & set(self.inside):
            self.texts.add(" ".join(data.split()))


def words_of(model: type[Model]) -> Iterator[tuple[str, Any]]:
    """Every word by which the admin may speak of a model's fields."""
    for field in model._meta.fields:
        if not field.auto_created:
            yield field.name, field.verbose_name
        if field.help_text:
            yield field.name, field.help_text
        for value, label in field.flatchoices:
            yield f"{field.name}={value}", label


def is_said_in_both(word: Any) -> bool:
    with translation.override("en"):
        english = str(word)
    with translation.override("es"):
        spanish = str(word)
    return english != spanish or english.lower() in SAME


@pytest.mark.parametrize("model", [*MODELS, *LOGINS], ids=lambda model: model.__name__)
def test_every_word_of_a_records_fields_is_said_in_spanish(model: type[Model]) -> None:
    assert [name for name, word in words_of(model) if not is_said_in_both(word)] == []


def admin_words(model: type[Model]) -> Iterator[Any]:
    """What an admin class says of itself: its actions, columns, filters, and its search's help."""
    mine = admin.site._registry[model]
    yield from (getattr(action, "short_description", None) for action in mine.actions)
    yield mine.search_help_text
    shown = (*mine.list_display, *mine.readonly_fields)
    for name in shown:
        column = getattr(mine, str(name), None)
        yield getattr(column, "short_description", None)
    yield from (one.title for one in mine.list_filter if isinstance(one, type))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_word_of_an_admin_class_is_said_in_spanish(model: type[Model]) -> None:
    assert [word for word in filter(None, admin_words(model)) if not is_said_in_both(word)] == []


@pytest.fixture
def staff(admin_user: User) -> Client:
    one_of_each()
    client = Client()
    client.force_login(admin_user)
    return client


def held() -> set[str]:
    """What the records hold, and what they are called: nobody translates it."""
    texts = set()
    for record in chain.from_iterable(model._default_manager.all() for model in MODELS):
        values = [getattr(record, field.attname) for field in record._meta.fields]
        texts |= {" ".join(str(value).split()) for value in (record, *values)}
    return texts


def left_in_english(client: Client, url: str) -> set[str]:
    """What the page says in the same words to readers of English and of Spanish."""
    english, spanish = (
        Said(client.get(url, headers={"accept-language": language}).content.decode()).texts
        for language in ("en", "es")
    )
    told = {re.sub(r"^› |^\d+ |:$", "", text) for text in english & spanish}
    return {
        text
        for text in told - held() - NAMES
        if re.search("[a-z]{2}", text, re.IGNORECASE)
        and not re.fullmatch(r"0x[0-9a-fA-F…]+( ↗)?", text)
        and text.lower() not in SAME
    }


@pytest.mark.parametrize("page", ["index", "app_list", "password_change"])
def test_the_admins_own_pages_are_in_spanish(staff: Client, page: str) -> None:
    url = reverse(f"admin:{page}", args=["pools"] if page == "app_list" else [])
    assert left_in_english(staff, url) == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_is_in_spanish(staff: Client, model: type[Model]) -> None:
    assert left_in_english(staff, reverse(_page(model, "changelist"))) == set()


def test_kinds_of_alerts_are_words_also_beside_their_counts(staff: Client) -> None:
    html = staff.get(reverse(_page(Alert, "changelist")), {"_facets": "True"}).content.decode()
    assert re.search(r">\s*(Gap in history|Hueco en la historia) \(1\)\s*<", html)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_page_of_every_record_and_its_history_are_in_spanish(
    staff: Client, model: type[Model]
) -> None:
    for record in model._default_manager.all():
        for page in ("change", "history"):
            assert left_in_english(staff, reverse(_page(model, page), args=[record.pk])) == set()


@pytest.mark.parametrize(
    "model", [Category, AlertReceiver, AlertRule, AlertSilence], ids=lambda model: model.__name__
)
def test_every_form_is_in_spanish(staff: Client, model: type[Model]) -> None:
    assert left_in_english(staff, reverse(_page(model, "add"))) == set()


def _page(model: type[Model], name: str) -> str:
    return f"admin:pools_{model._meta.model_name}_{name}"


ACTIONS = [
    (model, name)
    for model in MODELS
    for action in admin.site._registry[model].actions
    if (name := action.__name__)
]


@pytest.mark.parametrize(("model", "action"), ACTIONS)
@pytest.mark.parametrize("fits", [True, False], ids=["what fits", "what does not fit"])
def test_every_action_says_in_spanish_what_it_did(
    staff: Client, model: type[Model], action: str, fits: bool
) -> None:
    """Of a record that it has something to do with, and of one that it has not."""
    AlertDelivery.objects.update(state="failed" if fits else "sent")
    AlertReceiver.objects.update(enabled=fits)
    if not fits:
        Alert.objects.update(resolved_at="2026-01-01T00:00:00Z")
    english, spanish = (_messages(staff, model, action, language) for language in ("en", "es"))
    assert len(english) == len(spanish) == 1
    assert english != spanish


def _messages(client: Client, model: type[Model], action: str, language: str) -> list[str]:
    keys = list(model._default_manager.values_list("pk", flat=True))
    with transaction.atomic():
        answer = client.post(
            reverse(_page(model, "changelist")),
            {"action": action, "_selected_action": keys, "category": "travel"},
            follow=True,
            headers={"accept-language": language},
        )
        transaction.set_rollback(True)  # the other language finds all as it was
    return [str(message) for message in answer.context["messages"]]


@pytest.mark.parametrize(
    ("page", "sent", "said"),
    [
        ("category", {"category": "nonsense"}, "No existe esa categoría."),
        ("category", {"category": "travel"}, "Su categoría queda fijada: Viajes."),
        ("category", {"category": ""}, "Su categoría queda fijada: ninguna."),
        ("category", {"follow": ""}, "Las reglas vuelven a decidir su categoría."),
        ("test", {}, "En medio minuto sale una prueba (Team); esta lista dice cómo fue."),
    ],
)
def test_every_button_says_in_spanish_what_it_did(
    staff: Client, page: str, sent: dict[str, str], said: str
) -> None:
    url = (
        reverse("admin:pools_pool_category", args=[Pool.objects.get().pk])
        if page == "category"
        else reverse("admin:pools_alertdelivery_test")
    )
    answer = staff.post(url, sent, follow=True, headers={"accept-language": "es"})
    assert [str(message) for message in answer.context["messages"]] == [said]


def test_a_category_is_refused_in_spanish(staff: Client) -> None:
    answer = staff.post(
        reverse("admin:pools_category_add"),
        {"name_en": "Music", "slug": "none", "keywords_en": "band\n…"},
        headers={"accept-language": "es"},
    )
    refusals = answer.context["adminform"].form.errors
    assert refusals["keywords_en"][0].startswith("Ningún nombre podría contener estas: ….")
    assert refusals["slug"] == ["Introduzca un valor válido."]

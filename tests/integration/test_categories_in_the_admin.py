"""Staff keep categories and their keywords in the admin, and correct single pools there."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from pools import ingest
from pools.admin import categories as category_pages
from pools.models import Category, CategoryCorrection, CategoryRules, Pool
from tests.factories import ChainFactory

pytestmark = pytest.mark.django_db

FIELDS = {
    "name_en": "Music",
    "name_es": "Música",
    "slug": "music",
    "tone": "pink",
    "order": 1,
    "active": "on",
    "keywords_en": "band\ndrum (",
    "keywords_es": "Pasanaku",
}


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Pasanaku de Ana"), chain.created(2, name="The Band"))
    return chain


@pytest.fixture
def staff(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


def shown() -> dict[int, str | None]:
    return dict(Pool.objects.order_by("pool_id").values_list("pool_id", "category_id"))


def save(client: Client, of: str = "", /, **values: Any) -> str:
    """Add a category, or change that one; returns what the page says."""
    url = (
        reverse("admin:pools_category_change", args=[Category.objects.get(slug=of).pk])
        if of
        else reverse("admin:pools_category_add")
    )
    answer = client.post(url, {**FIELDS, **values}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, action: str, *pool_ids: int, category: str = "") -> str:
    keys = list(Pool.objects.filter(pool_id__in=pool_ids).values_list("pk", flat=True))
    answer = client.post(
        reverse("admin:pools_pool_changelist"),
        {"action": action, "category": category, "_selected_action": keys},
        follow=True,
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_new_category_gets_the_pools_that_its_keywords_find(
    staff: Client,
    chain: ChainFactory,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    assert shown() == {1: "community", 2: None}
    with django_capture_on_commit_callbacks(execute=True):
        save(staff)
    assert shown() == {1: "music", 2: "music"}
    assert CategoryRules.objects.get().done_to is None


def test_changed_keywords_are_followed_and_a_correction_is_not_touched(
    staff: Client,
    chain: ChainFactory,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    act(staff, "set_category", 1, category="travel")
    with django_capture_on_commit_callbacks(execute=True):
        save(staff)
    assert shown() == {1: "travel", 2: "music"}
    with django_capture_on_commit_callbacks(execute=True):
        save(staff, "music", keywords_en="", keywords_es="")
    assert shown() == {1: "travel", 2: None}


def test_staff_set_a_category_and_take_it_back(staff: Client, chain: ChainFactory) -> None:
    assert "2 pools: Travel." in act(staff, "set_category", 1, 2, category="travel")
    assert shown() == {1: "travel", 2: "travel"}
    assert "1 pool: none." in act(staff, "set_category", 1)
    assert shown() == {1: None, 2: "travel"}
    assert "2 pools follow the rules again." in act(staff, "follow_rules", 1, 2)
    assert shown() == {1: "community", 2: None}


def page_of(client: Client, pool_id: int) -> str:
    key = Pool.objects.get(pool_id=pool_id).pk
    return client.get(reverse("admin:pools_pool_change", args=[key])).content.decode()


def correct(client: Client, pool_id: int, **sent: str) -> tuple[int, str]:
    """Press a button on the page of one pool; the status, and what the next page says."""
    key = Pool.objects.get(pool_id=pool_id).pk
    answer = client.post(reverse("admin:pools_pool_category", args=[key]), sent, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_pools_page_says_why_it_has_its_category(staff: Client, chain: ChainFactory) -> None:
    assert "the keyword “pasanaku”" in page_of(staff, 1)
    assert "no keyword in the name" in page_of(staff, 2)
    act(staff, "set_category", 1, category="travel")
    assert "set by hand" in page_of(staff, 1)


def test_a_category_is_set_and_taken_back_on_the_pools_own_page(
    staff: Client, chain: ChainFactory
) -> None:
    url = reverse("admin:pools_pool_category", args=[Pool.objects.get(pool_id=2).pk])
    assert f'formaction="{url}"' in page_of(staff, 2)
    _, said = correct(staff, 2, category="travel")
    assert "Its category is Travel for good." in said
    assert '<option value="travel" selected>' in said
    assert shown() == {1: "community", 2: "travel"}
    correct(staff, 1, category="")
    assert shown() == {1: None, 2: "travel"}
    _, said = correct(staff, 1, category="travel", follow="")
    assert "The rules decide its category again." in said
    assert shown() == {1: "community", 2: "travel"}
    assert "There is no such category." in correct(staff, 1, category="nonsense")[1]
    assert staff.get(url).status_code == 405
    assert staff.post(reverse("admin:pools_pool_category", args=[10**9])).status_code == 404
    assert shown() == {1: "community", 2: "travel"}


def test_who_may_only_look_sees_no_way_to_correct_a_pool(chain: ChainFactory) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_pool"))
    client = Client()
    client.force_login(looker)
    assert "formaction" not in page_of(client, 1)
    assert correct(client, 1, category="travel")[0] == 403
    assert shown() == {1: "community", 2: None}


@pytest.mark.parametrize("category", ["nonsense", "'; DROP TABLE", "\0"])
def test_a_category_that_is_not_there_is_not_set(
    staff: Client, chain: ChainFactory, category: str
) -> None:
    act(staff, "set_category", 1, category=category)
    assert shown()[1] == "community"
    assert not CategoryCorrection.objects.exists()


def test_too_many_pools_at_once_are_refused(
    staff: Client, chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(category_pages, "CORRECTED_AT_ONCE", 1)
    assert "At most 1 pools at once" in act(staff, "set_category", 1, 2, category="travel")
    assert shown() == {1: "community", 2: None}


def test_who_may_only_look_corrects_nothing(chain: ChainFactory) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_pool"))
    client = Client()
    client.force_login(looker)
    act(client, "set_category", 1, category="travel")
    assert shown()[1] == "community"


def test_a_categorys_page_tells_what_its_keywords_find(staff: Client, chain: ChainFactory) -> None:
    category = Category.objects.get(slug="community")
    url = reverse("admin:pools_category_change", args=[category.pk])
    html = staff.get(url).content.decode()
    assert "1 of the newest 2 pools" in html
    assert "Pasanaku de Ana" in html
    assert "A word or phrase on each line" in html


def test_names_in_the_preview_are_inert(staff: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(3, name="<script>alert(1)</script> club"))
    category = Category.objects.get(slug="community")
    html = staff.get(reverse("admin:pools_category_change", args=[category.pk])).content.decode()
    assert "<script>alert(1)" not in html


def test_a_category_is_never_deleted_and_keeps_its_short_name(
    staff: Client, chain: ChainFactory
) -> None:
    category = Category.objects.get(slug="community")
    url = reverse("admin:pools_category_delete", args=[category.pk])
    assert staff.post(url, {"post": "yes"}).status_code == 403
    save(staff, "community", slug="other")
    assert Category.objects.get(pk=category.pk).slug == "community"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("slug", "none", "Enter a valid value"),
        ("slug", "Música", "Enter a valid"),
        ("keywords_en", "good\n…", "No name could match these: …."),
        ("keywords_es", "x" * 81, "No name could match these"),
        ("keywords_es", "x\n" * 5_000, "at most 8000 characters"),
        ("tone", "#ff0000", "Select a valid choice"),
        ("name_es", "", "This field is required"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    staff: Client, field: str, value: str, said: str
) -> None:
    assert said in save(staff, **{field: value})
    assert not Category.objects.filter(name_en="Music").exists()


def test_a_rule_that_changes_while_pools_are_gone_over_is_not_lost(
    staff: Client, chain: ChainFactory
) -> None:
    """Without the first batch in the request, the beat's turn finds what is left to do."""
    save(staff)
    assert shown() == {1: "community", 2: None}
    assert not ingest.apply_rules()
    assert shown() == {1: "music", 2: "music"}

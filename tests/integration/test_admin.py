"""Operators find every record in the admin, see it raw, and can change nothing the chain said."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from pools.models import CoveredRange, HistoricalScan, Log, Pool
from tests.factories import ANA, BEA, CONTRACT, ChainFactory, address
from tests.records import WICKED, one_of_each

pytestmark = pytest.mark.django_db

RECORDS = sorted(model._meta.model_name for model in apps.get_app_config("pools").get_models())
# See test_categories_in_the_admin and test_alerting_admin.
KEPT_BY_PEOPLE = {"category", "alertreceiver", "alertrule", "alertsilence"}


@pytest.fixture
def chain() -> ChainFactory:
    return one_of_each()


@pytest.fixture
def staff(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"admin:pools_{name}", args=args), query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def rows(client: Client, model: str, **query: Any) -> int:
    answer = client.get(reverse(f"admin:pools_{model}_changelist"), query)
    assert answer.status_code == 200
    return len(answer.context["cl"].result_list)


@pytest.mark.parametrize("model", RECORDS)
def test_every_record_has_its_list_and_its_page(
    staff: Client, chain: ChainFactory, model: str
) -> None:
    found = apps.get_model("pools", model)._default_manager.first()
    assert found is not None
    page(staff, f"{model}_changelist")
    page(staff, f"{model}_changelist", q="anything\x00")
    page(staff, f"{model}_change", found.pk)


@pytest.mark.parametrize("model", sorted({*RECORDS} - KEPT_BY_PEOPLE))
def test_nothing_is_added_changed_or_deleted(
    staff: Client, chain: ChainFactory, model: str
) -> None:
    found = apps.get_model("pools", model)._default_manager.first()
    assert found is not None
    assert staff.get(reverse(f"admin:pools_{model}_add")).status_code == 403
    for action in ("change", "delete"):
        url = reverse(f"admin:pools_{model}_{action}", args=[found.pk])
        assert staff.post(url, {"post": "yes"}).status_code == 403
    listed = reverse(f"admin:pools_{model}_changelist")
    staff.post(listed, {"action": "delete_selected", "_selected_action": [found.pk]})
    found.refresh_from_db()


def test_a_wicked_name_is_shown_in_its_bytes_and_stays_inert(
    staff: Client, chain: ChainFactory
) -> None:
    shown = page(staff, "pool_change", Pool.objects.get(pool_id=1).pk)
    assert f"0x{WICKED.hex()}" in shown
    assert r"\x00\xff\xe2\x80\xae" in shown
    assert "<script>alert" not in shown


def test_records_are_found_by_address_hash_name_and_number(
    staff: Client, chain: ChainFactory
) -> None:
    log = Log.objects.get(kind="MemberJoined")
    assert rows(staff, "log", q=ANA.lower()) == 2  # a join, and the creation that was taken back
    assert rows(staff, "log", q=CONTRACT) == 4
    assert rows(staff, "log", q=log.transaction_hash) == 1
    assert rows(staff, "log", q=log.block.hash.upper().replace("0X", "0x")) == 1
    assert rows(staff, "log", q="100") == 2
    assert rows(staff, "log", q="nothing of ours") == 0
    assert rows(staff, "pool", q="ALERT(1)") == 1
    assert rows(staff, "pool", q=BEA) == 1
    assert rows(staff, "pool", q="1") == 1
    assert rows(staff, "membership", q=ANA) == 1
    assert rows(staff, "coveredrange", q="101") == 1
    assert rows(staff, "outboxrow", q="3") == 1
    assert rows(staff, "block", q=log.block.hash) == 1


def test_logs_are_filtered_by_what_became_of_them(staff: Client, chain: ChainFactory) -> None:
    assert rows(staff, "log", standing="canonical") == 3
    assert rows(staff, "log", standing="retracted") == 1
    assert rows(staff, "log", standing="problem") == 1
    assert rows(staff, "log", kind="unreadable") == 1
    assert rows(staff, "log", kind="PoolCreated") == 2


def test_pool_event_and_explorer_lead_to_each_other(
    staff: Client, chain: ChainFactory, settings: Settings
) -> None:
    settings.EXPLORER_URL = "https://explorer.example"
    pool = Pool.objects.get(pool_id=1)
    shown = page(staff, "pool_changelist")
    link = f"/admin/pools/log/?contract__exact={pool.contract_id}&amp;pool_id__exact=1"
    assert link in shown
    assert f"https://explorer.example/tx/{pool.created_tx}" in shown
    logs = staff.get(link.replace("&amp;", "&"))
    assert len(logs.context["cl"].result_list) == 2
    assert f"/admin/pools/pool/?contract__exact={pool.contract_id}&amp;pool_id__exact=1" in (
        logs.content.decode()
    )


def test_a_range_is_scanned_again_on_request_and_once(staff: Client, chain: ChainFactory) -> None:
    url = reverse("admin:pools_log_changelist")
    chosen = [log.pk for log in Log.objects.all()]
    for _ in range(2):
        staff.post(url, {"action": "scan_again", "_selected_action": chosen})
    asked = HistoricalScan.objects.filter(kind="rescan", state="requested", from_block=100)
    assert [(scan.from_block, scan.to_block) for scan in asked.exclude(to_block=101)] == [
        (100, 102)
    ]
    covered = CoveredRange.objects.get()
    staff.post(
        reverse("admin:pools_coveredrange_changelist"),
        {"action": "scan_again", "_selected_action": [covered.pk]},
    )
    assert asked.filter(to_block=covered.to_block).exists()


def test_a_scan_and_its_pieces_lead_to_each_other(staff: Client, chain: ChainFactory) -> None:
    began = timezone.now() - timedelta(seconds=125)
    work = HistoricalScan.objects.create(
        contract=chain.contract,
        kind="backfill",
        state="running",
        from_block=10,
        to_block=49,
        done_to=29,
        events_found=250,
        started_at=began,
        finished_at=began + timedelta(seconds=125),
    )
    of_the_scan = CoveredRange.objects.create(
        contract=chain.contract,
        from_block=10,
        to_block=29,
        end_hash="0x1",
        endpoint="node.example",
        witness="other.example",
        logs=250,
        scan=work,
    )
    shown = page(staff, "historicalscan_changelist")
    for told in ("50 %", '<td class="field-events_per_second">2</td>', "2 min 5 s"):
        assert told in shown
    pieces = f"/admin/pools/coveredrange/?scan__exact={work.pk}"
    assert pieces in shown
    listed = staff.get(pieces)
    assert [row.pk for row in listed.context["cl"].result_list] == [of_the_scan.pk]
    assert f"/admin/pools/historicalscan/{work.pk}/change/" in listed.content.decode()
    assert "other.example" in listed.content.decode()
    everything = page(staff, "coveredrange_changelist")
    assert "listener" in everything


def test_what_was_learned_of_a_node_hides_which_url_it_is_about(
    staff: Client, chain: ChainFactory
) -> None:
    shown = page(staff, "endpointrecord_change", "f" * 64)
    assert "node.example" in shown
    assert "Fingerprint" not in shown


def test_who_may_only_look_may_not_ask_for_scans(chain: ChainFactory) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_log"))
    client = Client()
    client.force_login(looker)
    before = HistoricalScan.objects.count()
    client.post(
        reverse("admin:pools_log_changelist"),
        {"action": "scan_again", "_selected_action": [Log.objects.all()[0].pk]},
    )
    assert HistoricalScan.objects.count() == before


@pytest.mark.parametrize("model", RECORDS)
def test_a_list_takes_the_same_few_queries_however_long(
    staff: Client,
    chain: ChainFactory,
    model: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    chain.block(*(chain.created(number) for number in range(10, 40)))
    chain.block(*(chain.joined(10, address(f"member {n}")) for n in range(30)))
    with django_assert_max_num_queries(11):
        page(staff, f"{model}_changelist")


def test_all_records_are_registered() -> None:
    registered = {model._meta.model_name for model in admin.site._registry}
    assert set(RECORDS) <= registered

"""Which services may be told of alerts, and what of their URLs is secret."""

import json
import subprocess
import sys
from typing import Any

import pytest

from coopsite.stack.programs import ROOT
from pools.services import calling, known

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"
FORBIDDEN = (
    *("dbus://", "glib://", "gnome://", "macosx://", "windows://", "syslog://", "kde://"),
    *("rsyslog://localhost", "blink1://", "file:///etc/passwd", "mailto://a:b@example.org"),
    *("vapid://a@b.c/d", "fcm://project?keyfile=/etc/passwd", "http://example.org", "", "slack"),
    *("javascript:alert(1)", "gone://", "slack ://x", "slack://a b"),
)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_what_runs_here_or_reads_files_is_no_service(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", pytest.fail)
    assert known.name_of(url) is None
    with pytest.raises(calling.Refused, match="may not be used"):
        calling.tell(url, title="t", body="b", mood="info")


@pytest.mark.parametrize("url", [SLACK, SLACK.upper().replace("SLACK", "Slack")])
def test_services_are_known_by_name(url: str) -> None:
    assert known.name_of(url) == "Slack"
    assert known.shown(url) == "Slack (slack://…)"


@pytest.mark.parametrize(
    "url",
    [
        f"{SLACK}?template=/etc/passwd",
        "discord://1/2?Template=x",
        "workflows://h/1/2/3?a=b&keyfile=x",
    ],
)
def test_no_parameter_may_name_a_file(url: str) -> None:
    assert known.names_a_file(url)
    with pytest.raises(calling.Refused, match="may not be used"):
        calling.look_at(url)


def test_every_piece_of_a_url_counts_as_secret() -> None:
    url = "tgram://123456789:AbCd_efGh%2Fij/-1001234/?x=canary7#tail7"
    said = calling.redactor(url)(
        "refused 123456789:ABCD_EFGH%2fIJ by -1001234, AbCd_efGh/ij, canary7, tail7"
    )
    assert "refused" in said
    for piece in ("123456789", "efgh", "1001234", "canary7", "tail7"):
        assert piece not in said.lower()


def by_a_program(code: str) -> Any:
    """What a program of its own writes as JSON: Apprise is not loaded into the tests either."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True)
    return json.loads(done.stdout)


def test_apprise_knows_every_service_and_none_of_them_is_for_this_machine() -> None:
    """Apprise renames and removes services from release to release."""
    program = (
        "import json, sys, apprise\n"
        "found = {}\n"
        "for one in apprise.Apprise().details()['schemas']:\n"
        "    for name in [*(one['protocols'] or []), *(one['secure_protocols'] or [])]:\n"
        "        found[name] = str(one['service_name'])\n"
        "print(json.dumps(found))"
    )
    found = by_a_program(program)
    schemes = {scheme for each in known.SERVICES.values() for scheme in each}
    assert schemes <= set(found)
    assert len(schemes) > 80


def test_the_url_lifts_no_limit_and_has_no_template_even_behind_our_back() -> None:
    limits, template = by_a_program(
        "import json\n"
        "from pools.services.program import service_of\n"
        "one = service_of('json://127.0.0.1:9/?rto=3600&cto=3600&retry=9&redirect=yes')\n"
        "limits = one.socket_read_timeout, one.socket_connect_timeout, one.retry, one.redirects\n"
        f"print(json.dumps([limits, service_of('{SLACK}?template=/etc/passwd') is not None]))"
    )
    assert limits == [8, 5, 0, False]
    assert template is False


@pytest.mark.parametrize("module", ["coopsite.asgi", "coopsite.celery", "pools.admin"])
def test_no_process_of_ours_loads_apprise(module: str) -> None:
    loaded = by_a_program(
        "import json, sys, django\n"
        "django.setup()\n"
        f"import {module}, realtime.tasks\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('apprise')]))"
    )
    assert loaded == []

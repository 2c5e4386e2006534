"""What the settings make of the environment: defaults, and one sentence for a wrong value."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from coopsite.environment import VARIABLES, ConfigurationError, pool_contract, secret_in

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "0x323FcA9b377fe29B8fc95dDbD9Fe54cea1655F88"
PRODUCTION = {
    "ALLOWED_HOSTS": "pools.example.org",
    "SECRET_KEY": "k" * 20 + "abcdefghijklmnopqrstuvwxyz0123456789",
    "DATABASE_URL": "postgres://coopsite:secret@127.0.0.1/coopsite",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def run(*arguments: str, var: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A fresh Python with these variables and none of the developer's own."""
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            **clean,
            "DJANGO_SETTINGS_MODULE": "coopsite.settings",
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(var),
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings(*, var: Path, **variables: str) -> SimpleNamespace:
    """The settings as a process with these variables, and none of the developer's, has them."""
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    own = {"ENV_FILE": os.devnull, "VAR_DIR": str(var)}
    with mock.patch.dict(os.environ, {**clean, **own, **variables}, clear=True):
        return SimpleNamespace(**runpy.run_path(str(ROOT / "coopsite" / "settings.py")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("DEBUG", "perhaps"),
        ("CHAIN_ID", "mezo"),
        ("CHAIN_HTTP_URLS", "rpc.example.org"),
        ("CHAIN_WS_URLS", "https://rpc.example.org"),
        ("CHAIN_HTTP_URLS", "https://rpc.example.org:99999"),
        ("POOL_CONTRACTS", "0x12:1"),
        ("POOL_CONTRACTS", ADDRESS),
        ("POOL_CONTRACTS", f"{ADDRESS}:-1"),
        ("POOL_CONTRACTS", f"{ADDRESS.replace('cA', 'Ca')}:1"),
        ("POOL_CONTRACTS", f"{ADDRESS}:1,{ADDRESS.lower()}:2"),
        ("CONFIRMATIONS", "-1"),
        ("REORG_WINDOW", "0"),
        ("WS_HEARTBEAT_SECONDS", "nan"),
        ("WS_MAX_RECONNECT_SECONDS", "0.5"),
        ("DATABASE_URL", "mysql://localhost/pools"),
        ("REDIS_URL", "localhost"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("HTTPS", "2"),
        ("CSRF_TRUSTED_ORIGINS", "example.org"),
        ("ALERT_EMAILS", "nonsense"),
        ("ALERT_EMAILS", "ana@example.org,bea at example.org"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "smtps://mail.example.org"),
        ("EMAIL_URL", "smtp://mail.example.org:port"),
        ("DEFAULT_FROM_EMAIL", "Coopsite"),
        ("DEFAULT_FROM_EMAIL", "Coopsite <nonsense>"),
        ("DEFAULT_FROM_EMAIL", "Coop\u2028site <ana@example.org>"),
        ("VAPID_SUBJECT", "ana@example.org"),
        ("VAPID_SUBJECT", "mailto:nonsense"),
        ("VAPID_SUBJECT", "http://example.org"),
    ],
)
def test_a_wrong_value_is_named(name, value, tmp_path):
    with pytest.raises(ConfigurationError, match=f"^{name} ") as refused:
        settings(var=tmp_path, **{name: value})
    assert refused.value.variable == name


def test_a_wrong_value_stops_any_program_with_one_line(tmp_path):
    said = run("manage.py", "check", var=tmp_path, PORT="eighty")
    assert said.returncode == 1
    assert said.stdout == ""
    assert said.stderr == "PORT must be a whole number, 1 to 65535\n"


def test_a_wrong_url_is_not_repeated_because_it_may_hold_a_key(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        settings(var=tmp_path, CHAIN_HTTP_URLS="ftp://node/canary-key")
    assert "canary-key" not in str(refused.value)


def test_an_empty_variable_counts_as_not_set(tmp_path):
    empty = {name: "" for name in VARIABLES if name not in ("VAR_DIR", "ENV_FILE")}
    with_empty, without = settings(var=tmp_path, **empty), settings(var=tmp_path)
    for name in ("PORT", "DEBUG", "CHAIN_ID", "CHAIN_HTTP_URLS", "ALLOWED_HOSTS", "SECRET_KEY"):
        assert getattr(with_empty, name) == getattr(without, name)


def test_the_example_file_shows_the_defaults(tmp_path):
    """But for the examples below "Say", and for where the files are."""
    text = (ROOT / ".env.example").read_text()
    text = re.sub(r"# [^\n]* Say.*?\n\n", "", text, flags=re.DOTALL)
    shown = dict(re.findall(r"^#([A-Z_]+)=(.+)$", text, re.MULTILINE))
    for name in ("DATABASE_URL", "VAR_DIR", "ENV_FILE"):
        del shown[name]
    assert len(shown) > 15
    as_shown, default = settings(var=tmp_path, **shown), settings(var=tmp_path)
    for name in shown:
        wanted = getattr(default, name)
        found = getattr(as_shown, name)
        assert sorted(found) == wanted if isinstance(found, list) else found == wanted, name


def test_contracts_are_read_in_any_letter_case(tmp_path):
    text = f"{ADDRESS.lower()}:7, 0xA39EE76DfC5106E78ABcB31e7dF5bcd4EfD3Cd1F:0"
    assert settings(var=tmp_path, POOL_CONTRACTS=text).POOL_CONTRACTS == [
        (ADDRESS, 7),
        ("0xA39EE76DfC5106E78ABcB31e7dF5bcd4EfD3Cd1F", 0),
    ]


def test_an_address_in_capitals_needs_no_checksum():
    assert pool_contract(f"0x{ADDRESS[2:].upper()}:1").address == ADDRESS


def test_http_addresses_follow_the_websocket_ones_when_only_those_are_given(tmp_path):
    urls = "wss://node.example.org/key,ws://127.0.0.1:8546"
    assert settings(var=tmp_path, CHAIN_WS_URLS=urls).CHAIN_HTTP_URLS == [
        "https://node.example.org/key",
        "http://127.0.0.1:8546",
    ]


def test_whom_to_write_to_is_taken_as_it_stands(tmp_path):
    read = settings(var=tmp_path, ALERT_EMAILS="ana@example.org, bea+ops@example.org")
    assert read.ALERT_EMAILS == ["ana@example.org", "bea+ops@example.org"]
    assert settings(var=tmp_path, VAPID_SUBJECT="mailto:ana@example.org").VAPID_SUBJECT
    assert settings(var=tmp_path, VAPID_SUBJECT="https://example.org/ana").VAPID_SUBJECT


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("", "localhost", 25, False, False),
        ("smtp://mail.example.org", "mail.example.org", 25, False, False),
        ("smtp+tls://mail.example.org", "mail.example.org", 587, True, False),
        ("smtp+ssl://mail.example.org", "mail.example.org", 465, False, True),
        ("smtp+tls://mail.example.org:2525", "mail.example.org", 2525, True, False),
    ],
)
def test_the_mail_server_is_one_url(url, host, port, tls, ssl, tmp_path):
    read = settings(var=tmp_path, EMAIL_URL=url)
    assert (host, port) == (read.EMAIL_HOST, read.EMAIL_PORT)
    assert (tls, ssl) == (read.EMAIL_USE_TLS, read.EMAIL_USE_SSL)
    assert (read.EMAIL_HOST_USER, read.EMAIL_HOST_PASSWORD) == ("", "")
    assert 0 < read.EMAIL_TIMEOUT <= 10


def test_a_mail_password_may_hold_anything_and_is_not_repeated(tmp_path):
    read = settings(var=tmp_path, EMAIL_URL="smtp://ana%40example.org:p%2F%3A%40w@mail.example.org")
    assert (read.EMAIL_HOST_USER, read.EMAIL_HOST_PASSWORD) == ("ana@example.org", "p/:@w")
    with pytest.raises(ConfigurationError) as refused:
        settings(var=tmp_path, EMAIL_URL="mail://ana:canary-key@mail.example.org")
    assert "canary-key" not in str(refused.value)


def test_mails_come_from_the_site_unless_told_otherwise(tmp_path):
    def sender(**variables: str) -> str:
        return str(settings(var=tmp_path, **variables).DEFAULT_FROM_EMAIL)

    assert sender() == "coopsite@localhost"
    assert sender(ALLOWED_HOSTS="localhost,pools.example.org") == "coopsite@pools.example.org"
    named = "Pools <ana@example.org>"
    assert sender(DEFAULT_FROM_EMAIL=named, ALLOWED_HOSTS="pools.example.org") == named


def test_the_sites_address_is_known_by_its_first_name(tmp_path):
    def address(**variables: str) -> str:
        return str(settings(var=tmp_path, **variables).SITE_URL)

    assert address() == ""
    assert address(ALLOWED_HOSTS="*") == address(ALLOWED_HOSTS=".example.org") == ""
    assert address(ALLOWED_HOSTS="127.0.0.1,a.example,b.example") == "https://a.example"
    assert address(ALLOWED_HOSTS="pools.local", HTTPS="false") == "http://pools.local"


def test_mezos_explorer_is_known_and_others_are_asked_for(tmp_path):
    assert settings(var=tmp_path).EXPLORER_URL == ""
    assert settings(var=tmp_path, CHAIN_ID="31611").EXPLORER_URL.startswith("https://")
    own = settings(var=tmp_path, EXPLORER_URL="https://x.example/")
    assert own.EXPLORER_URL == "https://x.example"


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "var" / "secret_key"
    secret = secret_in(path)
    assert len(secret) > 50
    assert secret_in(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_a_file_beside_the_environment_is_read_and_the_environment_wins(tmp_path):
    file = tmp_path / "env"
    file.write_text("PORT=9001\nLOG_LEVEL=ERROR\n")
    read = settings(var=tmp_path, ENV_FILE=str(file), PORT="9002")
    assert (read.PORT, read.LOG_LEVEL) == (9002, "ERROR")


def test_another_terminal_finds_the_redis_and_the_chain_of_make_run(tmp_path):
    (tmp_path / "stack.env").write_text(
        "REDIS_URL='redis://:pw@127.0.0.1:7001/0'\nCHAIN_ID='7'\n"
        f"CHAIN_HTTP_URLS='http://127.0.0.1:7002'\nPOOL_CONTRACTS='{ADDRESS}:1'\n"
    )
    ours = settings(var=tmp_path)
    assert ours.REDIS_URL == "redis://:pw@127.0.0.1:7001/0"
    assert (ours.CHAIN_ID, ours.CHAIN_HTTP_URLS) == (7, ["http://127.0.0.1:7002"])
    assert ours.POOL_CONTRACTS == [(ADDRESS, 1)]
    assert settings(var=tmp_path, CHAIN_ID="7").CHAIN_HTTP_URLS == ours.CHAIN_HTTP_URLS
    assert settings(var=tmp_path, CHAIN_ID="8").CHAIN_HTTP_URLS == []
    theirs = settings(var=tmp_path, CHAIN_HTTP_URLS="https://node.example.org")
    assert theirs.REDIS_URL == ours.REDIS_URL
    assert (theirs.CHAIN_ID, theirs.POOL_CONTRACTS) == (None, [])


def test_loopback_is_served_over_plain_http_and_names_over_https(tmp_path):
    def insists(**variables: str) -> bool:
        read = settings(var=tmp_path, **variables)
        assert read.SECURE_SSL_REDIRECT is read.SESSION_COOKIE_SECURE is read.CSRF_COOKIE_SECURE
        assert read.SECURE_SSL_REDIRECT is bool(read.SECURE_HSTS_SECONDS)
        return bool(read.SECURE_SSL_REDIRECT)

    assert not insists()
    assert insists(ALLOWED_HOSTS="localhost,pools.example.org")
    assert not insists(ALLOWED_HOSTS="pools.local", HTTPS="false")
    assert not insists(ALLOWED_HOSTS="pools.local", DEBUG="true")


@pytest.mark.parametrize("variables", [{}, PRODUCTION], ids=["make run", "production"])
def test_djangos_own_deployment_check_has_nothing_to_say(variables, tmp_path):
    said = run(
        *("manage.py", "check", "--deploy", "--fail-level", "INFO"), var=tmp_path, **variables
    )
    assert said.returncode == 0, said.stderr
    assert "no issues" in said.stdout


def test_log_lines_are_json_objects_when_asked_for(tmp_path):
    code = (
        "import django, logging, structlog; django.setup();"
        "logging.getLogger('pools').warning('plain %s', 1);"
        "structlog.get_logger('pools').info('named', block=7)"
    )
    said = run("-c", code, var=tmp_path, LOG_FORMAT="json")
    plain, named = [json.loads(line) for line in said.stderr.strip().splitlines()]
    assert (plain["event"], plain["level"]) == ("plain 1", "warning")
    assert (named["event"], named["block"], named["logger"]) == ("named", 7, "pools")

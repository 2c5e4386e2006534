"""What the settings make of the environment: defaults, and one sentence for a wrong value."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coopsite.environment import VARIABLES, load_stack, pool_contract, secret_in

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


def read(names: str, *, var: Path, **variables: str) -> list[object]:
    """The values of these settings, as JSON sees them."""
    code = f"import json; from coopsite import settings as s; print(json.dumps([{names}]))"
    said = run("-c", code, var=var, **variables)
    assert said.returncode == 0, said.stderr
    values: list[object] = json.loads(said.stdout)
    return values


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
    ],
)
def test_a_wrong_value_stops_the_program_with_a_sentence_that_names_it(name, value, tmp_path):
    said = run("manage.py", "check", var=tmp_path, **{name: value})
    assert said.returncode == 1
    assert said.stdout == ""
    assert len(said.stderr.strip().splitlines()) == 1
    assert said.stderr.startswith(f"{name} ")


def test_a_wrong_url_is_not_repeated_because_it_may_hold_a_key(tmp_path):
    said = run("manage.py", "check", var=tmp_path, CHAIN_HTTP_URLS="ftp://node/canary-key")
    assert said.returncode == 1
    assert "canary-key" not in said.stderr


def test_an_empty_variable_counts_as_not_set(tmp_path):
    names = "s.PORT, s.DEBUG, s.CHAIN_ID, s.CHAIN_HTTP_URLS, s.LOG_LEVEL, s.ALLOWED_HOSTS"
    empty = {name: "" for name in VARIABLES if name not in ("VAR_DIR", "ENV_FILE")}
    assert read(names, var=tmp_path, **empty) == read(names, var=tmp_path)


def test_contracts_are_read_in_any_letter_case(tmp_path):
    text = f"{ADDRESS.lower()}:7, 0xA39EE76DfC5106E78ABcB31e7dF5bcd4EfD3Cd1F:0"
    (contracts,) = read("s.POOL_CONTRACTS", var=tmp_path, POOL_CONTRACTS=text)
    assert contracts == [[ADDRESS, 7], ["0xA39EE76DfC5106E78ABcB31e7dF5bcd4EfD3Cd1F", 0]]


def test_an_address_in_capitals_needs_no_checksum():
    assert pool_contract(f"0x{ADDRESS[2:].upper()}:1").address == ADDRESS


def test_http_addresses_follow_the_websocket_ones_when_only_those_are_given(tmp_path):
    urls = "wss://node.example.org/key,ws://127.0.0.1:8546"
    (http,) = read("s.CHAIN_HTTP_URLS", var=tmp_path, CHAIN_WS_URLS=urls)
    assert http == ["https://node.example.org/key", "http://127.0.0.1:8546"]


def test_mezos_explorer_is_known_and_others_are_asked_for(tmp_path):
    assert read("s.EXPLORER_URL", var=tmp_path) == [""]
    assert read("s.EXPLORER_URL", var=tmp_path, CHAIN_ID="31611")[0]
    assert read("s.EXPLORER_URL", var=tmp_path, EXPLORER_URL="https://x.example/") == [
        "https://x.example"
    ]


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
    values = read("s.PORT, s.LOG_LEVEL", var=tmp_path, ENV_FILE=str(file), PORT="9002")
    assert values == [9002, "ERROR"]


def test_another_terminal_finds_the_redis_and_the_chain_of_make_run(tmp_path):
    (tmp_path / "stack.env").write_text(
        "REDIS_URL='redis://:pw@127.0.0.1:7001/0'\nCHAIN_ID='7'\n"
        f"CHAIN_HTTP_URLS='http://127.0.0.1:7002'\nPOOL_CONTRACTS='{ADDRESS}:1'\n"
    )
    names = "s.REDIS_URL, s.CHAIN_ID, s.CHAIN_HTTP_URLS"
    assert read(names, var=tmp_path) == [
        "redis://:pw@127.0.0.1:7001/0",
        7,
        ["http://127.0.0.1:7002"],
    ]
    other = read(names, var=tmp_path, CHAIN_HTTP_URLS="https://node.example.org")
    assert other == ["redis://:pw@127.0.0.1:7001/0", None, ["https://node.example.org"]]


def test_a_missing_stack_file_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("CHAIN_ID", raising=False)
    load_stack(tmp_path / "stack.env")
    assert "CHAIN_ID" not in os.environ


def test_loopback_is_served_over_plain_http_and_names_over_https(tmp_path):
    names = "s.HTTPS, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0"
    assert read(names, var=tmp_path) == [False] * 4
    assert read(names, var=tmp_path, ALLOWED_HOSTS="localhost,pools.example.org") == [True] * 4
    assert read(names, var=tmp_path, ALLOWED_HOSTS="pools.local", HTTPS="false") == [False] * 4
    assert read(names, var=tmp_path, ALLOWED_HOSTS="pools.local", DEBUG="true") == [False] * 4


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

"""Node URLs carry keys; nothing that we show, log or raise may."""

import pytest

from pools.redaction import Redactor, host_of, is_loopback

CANARY = "canary-5f2e81c07d"
URLS = [
    f"wss://user:{CANARY}@node.example/ws",
    f"https://node.example:8443/v2/{CANARY}",
    f"https://node.example/rpc?apikey={CANARY}&x=1",
    f"https://{CANARY}@node.example/",
    f"https://node.example/#{CANARY}",
]


@pytest.mark.parametrize("url", URLS)
def test_a_host_is_all_that_is_left_of_a_url(url: str) -> None:
    assert host_of(url).split(":")[0] == "node.example"


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "text",
    [
        "cannot connect to {url}",
        "{url} isn't a valid URI",
        "<ClientResponse({url}) [404]>",
        "invalid key " + CANARY + " for this endpoint",
        "404, message='Not Found', url='{url}'",
    ],
)
def test_no_text_keeps_the_key(url: str, text: str) -> None:
    assert CANARY not in Redactor([url])(text.format(url=url))


def test_a_url_that_is_not_ours_loses_its_path_too() -> None:
    cleaned = Redactor()(f"redirected to https://other.example/{CANARY}?k={CANARY}")
    assert cleaned == "redirected to https://other.example"


def test_an_encoded_key_goes_in_both_spellings() -> None:
    redact = Redactor(["https://node.example/?key=a%2Fb%2Fsecret"])
    assert redact("a/b/secret and a%2Fb%2Fsecret") == "*** and ***"


def test_an_error_is_its_class_and_its_cleaned_message() -> None:
    redact = Redactor(URLS)
    assert redact.error(ValueError(URLS[1])) == "ValueError: https://node.example:8443"
    assert redact.error(ValueError()) == "ValueError"


def test_a_long_text_is_cut_and_put_on_one_line() -> None:
    cleaned = Redactor()("<html>\n" + "x" * 1000)
    assert len(cleaned) == 300
    assert "\n" not in cleaned


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8545", True),
        ("ws://localhost/x", True),
        ("http://[::1]:8545", True),
        ("https://127.example", False),
        ("https://rpc.example", False),
    ],
)
def test_this_machine_is_known_by_its_names(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_what_cannot_be_seen_goes_and_hides_no_key() -> None:
    said = f"\x1b[31mbad {CANARY[:9]}\u200b{CANARY[9:]}\x00 \u202egnp"
    assert Redactor([URLS[1]])(said) == "[31mbad *** gnp"

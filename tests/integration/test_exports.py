"""CSV exports and Atom feeds: exactly what the lists show, inert in any reader; a real server."""

import csv
import io
import urllib.error
import urllib.request
from xml.etree import ElementTree

import pytest

from pools.exports import defused
from tests.factories import ANA, BEA, BTC, CONTRACT, ChainFactory
from tests.live import HOST, WebServers

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = '=HYPERLINK("http://x")<b>&]]>"\0\u202e'


@pytest.fixture
def site(web_servers: WebServers) -> str:
    """A server over three pools, one of them named by somebody with bad intentions."""
    chain = ChainFactory()
    chain.block(
        chain.created(1, name="Ahorro, “Familiar”"),
        chain.created(2, name=HOSTILE, creator=BEA),
        chain.created(3, name="Tercero"),
    )
    chain.block(chain.joined(1, ANA, 3 * BTC // 2), chain.joined(2, BEA, 2**128 - 1))
    return f"http://{HOST}:{web_servers.start().port}"


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def table(url: str) -> list[dict[str, str]]:
    status, text = get(url)
    assert status == 200, text
    return list(csv.DictReader(io.StringIO(text)))


def entries(url: str) -> list[dict[str, str]]:
    status, text = get(url)
    assert status == 200, text
    found = ElementTree.fromstring(text).findall(f"{ATOM}entry")  # noqa: S314 - our own answer
    return [{part.tag.removeprefix(ATOM): part.text or "" for part in entry} for entry in found]


def test_the_pools_of_a_view_as_csv(site: str) -> None:
    pools = table(f"{site}/pools.csv")
    assert [pool["pool_id"] for pool in pools] == ["3", "2", "1"]
    first = pools[2]
    assert first["name"] == "Ahorro, “Familiar”"
    assert first["total_contributed_wei"] == str(3 * BTC // 2)
    assert first["total_contributed_btc"] == "1.5"
    assert first["created_at"] == "2025-06-15T12:00:00Z"
    assert pools[1]["total_contributed_wei"] == str(2**128 - 1)
    assert [pool["pool_id"] for pool in table(f"{site}/pools.csv?creator={BEA}&limit=1")] == ["2"]
    ordered = table(f"{site}/pools.csv?ordering=created&cursor=nonsense")
    assert [pool["pool_id"] for pool in ordered] == ["1", "2", "3"]


def test_the_events_of_a_view_as_csv(site: str) -> None:
    events = table(f"{site}/events.csv")
    assert table(f"{site}/events.csv?order=") == events  # as the page has them then, too
    assert [event["kind"] for event in events] == ["MemberJoined"] * 2 + ["PoolCreated"] * 3
    assert events[0]["amount_wei"] == str(2**128 - 1)
    joined = table(f"{site}/events.csv?kind=MemberJoined&pool_id=1")
    assert [(event["account"], event["amount_btc"]) for event in joined] == [(ANA, "1.5")]


def test_an_export_of_many_pages_has_each_row_once(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1, max_members=9999))
    chain.blocks(*[(chain.joined(1, ANA, 1),) for _ in range(2100)])
    site = f"http://{HOST}:{web_servers.start().port}"
    numbers = [int(event["seq"]) for event in table(f"{site}/events.csv")]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == 2101


@pytest.mark.parametrize("path", ["/pools.csv?status=rich", "/feeds/pools.atom?creator=0x"])
def test_nonsense_is_told_of(site: str, path: str) -> None:
    status, text = get(site + path)
    assert status == 400
    assert text.startswith(path.partition("?")[2].partition("=")[0])
    assert get(f"{site}/events.csv?date_from=soon")[0] == 400


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert defused(f"{start}1+1") == f"'{start}1+1"


def test_hostile_names_are_inert(site: str) -> None:
    name = table(f"{site}/pools.csv")[1]["name"]
    assert name.startswith("'=HYPERLINK")
    title = entries(f"{site}/feeds/pools.atom")[1]["title"]
    assert title == '=HYPERLINK("http://x")<b>&]]>"'  # text, for whoever reads the XML


def test_the_pools_of_a_view_as_atom(site: str) -> None:
    pools = entries(f"{site}/feeds/pools.atom")
    assert [pool["title"] for pool in pools][::2] == ["Tercero", "Ahorro, “Familiar”"]
    assert pools[2]["updated"] == "2025-06-15T12:00:10+00:00"
    assert "1.5 BTC" in pools[2]["summary"]
    assert len(entries(f"{site}/feeds/pools.atom?q=tercero")) == 1


def test_the_events_of_a_pool_as_atom(site: str) -> None:
    events = entries(f"{site}/feeds/pools/{CONTRACT.lower()}/1.atom")
    assert "joined Ahorro, “Familiar”" in events[0]["title"]
    assert "1.5 BTC" in events[0]["summary"]
    assert len({event["id"] for event in events}) == 2
    assert get(f"{site}/feeds/pools/{CONTRACT}/9.atom")[0] == 404


def test_what_caches_share_is_in_no_cookies_language(site: str) -> None:
    def told(path: str) -> tuple[int, str, str, str]:
        request = urllib.request.Request(
            site + path, headers={"Cookie": "django_language=es", "Accept-Language": "en"}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                status, headers, text = answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, error.headers, error.read().decode()
        assert "Accept-Language" in headers["Vary"]
        assert "Cookie" not in headers["Vary"]
        return status, headers["Content-Language"], headers["Cache-Control"] or "", text

    pool = f"/feeds/pools/{CONTRACT}/1.atom"
    for path, words in (
        ("/feeds/pools.atom", "Created by"),
        (pool, "joined Ahorro"),
        ("/feeds/pools.atom?lang=es", "Creado por"),
        (f"{pool}?lang=es", "se unió a Ahorro"),
    ):
        status, language, life, text = told(path)
        assert (status, life) == (200, "public, max-age=30")
        assert language == ("es" if "lang=es" in path else "en")
        assert words in text
    for path in ("/pools.csv?status=rich", "/feeds/pools.atom?status=rich"):
        assert told(path)[::3] == (400, "status: Not one of: accepting, active, closed.\n")
    status, language, _, text = told("/api/v1/pools?status=rich")
    assert (status, language) == (400, "en")
    assert "Not one of" in text

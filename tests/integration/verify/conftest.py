"""A chain on which everything has happened, stored, and a node that can be made to lie."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from coopsite.environment import PoolContract
from realtime import verifier
from tests.chain import AnvilChain
from tests.integration.verify.everything import live_through_everything
from tests.meddler import Meddler
from tests.storing import store_chain


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilChain]:
    """One node for the module; each test goes on from the same history."""
    with AnvilChain() as chain:
        live_through_everything(chain)
        yield chain


@pytest.fixture
def chain(node: AnvilChain) -> Iterator[AnvilChain]:
    before = node.snapshot()
    yield node
    node.revert(before)


@pytest.fixture
def point_at(settings: Settings, chain: AnvilChain) -> Callable[..., None]:
    def point(*urls: str) -> None:
        settings.CHAIN_HTTP_URLS = list(urls) or [chain.http_url]
        settings.CHAIN_WS_URLS = []
        settings.POOL_CONTRACTS = [PoolContract(chain.address, chain.start_block)]

    point()
    return point


@pytest.fixture
def stored(chain: AnvilChain, point_at: Callable[..., None]) -> int:
    """The whole history in the records; the cursor."""
    return store_chain(chain)


@pytest.fixture
def meddler(chain: AnvilChain, stored: int, point_at: Callable[..., None]) -> Iterator[Meddler]:
    """The only node that is asked, between us and anvil."""
    with Meddler(chain.http_url) as meddler:
        point_at(meddler.url)
        yield meddler


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "PAUSE", 0.05)

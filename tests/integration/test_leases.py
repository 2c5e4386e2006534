"""One worker at a time, and none waits for the dead."""

import subprocess
import sys

import pytest

from pools import leases

pytestmark = pytest.mark.django_db


def test_a_lease_that_is_held_is_not_given_again() -> None:
    assert leases.acquire("listener", holder=leases.holder(), seconds=60) is not None
    assert leases.acquire("listener", holder="elsewhere:1", seconds=60) is None


def test_an_expired_lease_goes_to_the_next_with_a_higher_token() -> None:
    first = leases.acquire("listener", holder=leases.holder(), seconds=-1)
    second = leases.acquire("listener", holder="elsewhere:1", seconds=60)
    assert first is not None
    assert second is not None
    assert second.token == first.token + 1
    with pytest.raises(leases.LostLease):
        leases.renew(first, seconds=60)


def test_nobody_waits_for_a_process_of_this_machine_that_was_killed() -> None:
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    whose = leases.holder().rpartition(":")[0] + f":{killed.pid}"
    assert leases.acquire("listener", holder=whose, seconds=60) is not None
    assert leases.acquire("listener", holder=leases.holder(), seconds=60) is None
    killed.kill()
    killed.communicate(timeout=10)
    assert leases.acquire("listener", holder=leases.holder(), seconds=60) is not None


def test_the_dead_of_other_machines_are_waited_for() -> None:
    assert leases.acquire("listener", holder="elsewhere:999999999", seconds=60) is not None
    assert leases.acquire("listener", holder=leases.holder(), seconds=60) is None


def test_a_lease_given_back_is_free_at_once() -> None:
    lease = leases.acquire("listener", holder="elsewhere:1", seconds=60)
    assert lease is not None
    leases.release(lease)
    assert leases.acquire("listener", holder="there:2", seconds=60) is not None

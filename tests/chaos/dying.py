"""A process that is killed at a chosen commit: what it had not committed never was.

died = dying(at=7, moment="before", work=lambda: call_command("backfill"))
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from django.db import connections, transaction

LIVED = 0
FAILED = 1
SECONDS = 60


def dying(*, at: int, moment: str, work: Callable[[], object]) -> bool:
    """Do the work in a child that is killed (SIGKILL) before or after its commit number `at`.

    Returns whether it was; False means that the work ended with fewer commits. An exception of the
    work fails the test.
    """
    for connection in connections.all():  # none survives a fork
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()
    child = os.fork()
    if child:
        status = _end_of(child)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return True
        assert os.WEXITSTATUS(status) == LIVED, "the work failed, see its output"
        return False
    code = FAILED
    try:
        _die_at(at, moment)
        work()
        code = LIVED
    except BaseException as error:  # noqa: BLE001 - whatever it is, the child must not go on
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _end_of(child: int) -> int:
    """Its status as `waitpid` gives it; a child that hangs fails the test."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.005)
    os.kill(child, signal.SIGABRT)
    os.waitpid(child, 0)
    raise AssertionError(f"the child has not ended within {SECONDS} s")


def _die_at(at: int, moment: str) -> None:
    leave = transaction.Atomic.__exit__
    commits = 0

    def leave_or_die(self: transaction.Atomic, kind: Any, *rest: Any) -> None:
        nonlocal commits
        outermost = not transaction.get_connection(self.using).savepoint_ids
        commits += outermost and kind is None
        if moment == "before" and commits == at and outermost:
            os.kill(os.getpid(), signal.SIGKILL)
        leave(self, kind, *rest)
        if moment == "after" and commits == at and outermost:
            os.kill(os.getpid(), signal.SIGKILL)

    transaction.Atomic.__exit__ = leave_or_die  # type: ignore[method-assign]

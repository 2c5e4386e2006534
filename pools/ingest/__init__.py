"""The only writer of chain-derived rows and of pools' categories.

Each function is one transaction, all or nothing.

A step stores blocks, logs, projections, hourly counts, coverage, cursor and messages together,
under the chain row's lock and with the worker's fencing token checked, so that a reader who has
seen sequence number N has seen everything below it, and a crash at any point leaves a whole step
or none. What to store is decided elsewhere (`realtime.puller`); telling others comes after.
"""

from pools.ingest.categories import apply_rules, correct, forget_corrections, rules_changed
from pools.ingest.following import append, jump, roll_back
from pools.ingest.keeping import WrongChain, prune, register
from pools.ingest.past import Contradiction, fill, fold, pass_over
from pools.ingest.steps import Committed, StaleCursor
from pools.ingest.swapping import TooMuch, swap
from pools.outbox import LIVE_LOGS

__all__ = [
    "LIVE_LOGS",
    "Committed",
    "Contradiction",
    "StaleCursor",
    "TooMuch",
    "WrongChain",
    "append",
    "apply_rules",
    "correct",
    "fill",
    "fold",
    "forget_corrections",
    "jump",
    "pass_over",
    "prune",
    "register",
    "roll_back",
    "rules_changed",
    "swap",
]

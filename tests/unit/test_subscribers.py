"""Anyone may listen, leave at any moment, and fail without harm to others."""

import pytest

from realtime.subscribers import MOST_SUBSCRIBERS, Subscribers


def test_everyone_is_told_in_order_and_only_of_their_event() -> None:
    told: list[str] = []
    subscribers = Subscribers()
    subscribers.add("head", lambda value: told.append(f"first {value}"))
    subscribers.add("head", lambda value: told.append(f"second {value}"))
    subscribers.add("log", lambda value: told.append(f"log {value}"))
    subscribers.tell("head", 7)
    assert told == ["first 7", "second 7"]


def test_one_that_raises_harms_nobody() -> None:
    told: list[int] = []

    def broken(value: int) -> None:
        raise RuntimeError("broken")

    subscribers = Subscribers()
    subscribers.add("head", broken)
    subscribers.add("head", told.append)
    subscribers.tell("head", 1)
    subscribers.tell("head", 2)
    assert told == [1, 2]


def test_leaving_is_final_and_may_be_repeated() -> None:
    told: list[int] = []
    subscribers = Subscribers()
    subscription = subscribers.add("head", told.append)
    assert subscription.active
    subscription.unsubscribe()
    subscription.unsubscribe()
    subscribers.tell("head", 1)
    assert told == []
    assert not subscription.active


def test_one_may_leave_and_join_while_being_told() -> None:
    told: list[str] = []
    subscribers = Subscribers()

    def first(value: int) -> None:
        told.append("first")
        second.unsubscribe()
        subscribers.add("head", lambda _: told.append("late"))

    subscribers.add("head", first)
    second = subscribers.add("head", lambda _: told.append("second"))
    subscribers.tell("head", 1)
    assert told == ["first"]


def test_there_is_a_bound() -> None:
    subscribers = Subscribers()
    for _ in range(MOST_SUBSCRIBERS):
        subscribers.add("head", print)
    with pytest.raises(ValueError, match="more than 1000"):
        subscribers.add("head", print)

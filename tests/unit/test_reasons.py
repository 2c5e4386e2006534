"""Reasons that the listener wrote down, told in the reader's language."""

import pytest
from django.utils import translation

from pools.reasons import in_words

SPANISH = {
    "the listener was stopped": "El lector se detuvo.",
    "reconnecting on request": "Se conectó de nuevo a pedido.",
    "node.example: not open within 10 s": "node.example: no abrió en 10 s",
    "node.example:8546: eth_blockNumber not answered within 5 s": (
        "node.example:8546: sin respuesta a eth_blockNumber en 5 s"
    ),
    "node.example: the stream fell silent at block 7, the chain is at 19": (
        "node.example: el WebSocket calló en el bloque 7, la cadena va por el 19"
    ),
    "node.example: serves chain 1, but chain 31611 is followed here": (
        "node.example: sirve la cadena 1, pero aquí se sigue la cadena 31611"
    ),
    "node.example: ConnectionClosedError: no close frame received or sent": (
        "node.example: la conexión se cortó"
    ),
    "127.0.0.1:8545: ConnectionRefusedError: [Errno 111] Connect call failed": (
        "127.0.0.1:8545: nadie responde allí"
    ),
    "no WebSocket after 10 attempts: node.example: not open within 2.5 s": (
        "Ningún WebSocket tras 10 intentos: node.example: no abrió en 2.5 s"
    ),
    "no receipt of 0x12ab in block 7": "sin recibo de 0x12ab en el bloque 7",
    "node.example: block 64 does not link to block 63": (
        "node.example: el bloque 64 no enlaza con el bloque 63"
    ),
    "block 64 of node.example does not link to block 63 of other.example": (
        "el bloque 64 de node.example no enlaza con el bloque 63 de other.example"
    ),
    "node.example and other.example:8545 have different logs in block 3": (
        "node.example y other.example:8545 tienen distintos registros en el bloque 3"
    ),
    "Block 9 has the parent 0xab, but the range below ends in 0xcd.": (
        "El bloque 9 tiene como padre 0xab, pero el tramo de abajo acaba en 0xcd."
    ),
    "4 stored logs are in no receipt of their blocks": (
        "4 registros guardados no están en ningún recibo de sus bloques"
    ),
}
STRANGE = ("", "HTTP 503", "node.example: 100 % of %(seconds)s: odd", "a: b: c", "¿qué?\nno")


@pytest.mark.parametrize("reason", SPANISH)
def test_a_known_reason_is_told_in_spanish(reason: str) -> None:
    with translation.override("es"):
        assert in_words(reason) == SPANISH[reason]


@pytest.mark.parametrize("reason", STRANGE)
def test_a_reason_that_nobody_knows_is_shown_as_it_came(reason: str) -> None:
    with translation.override("es"):
        assert in_words(reason) == reason
        assert in_words(f"no WebSocket after 3 attempts: {reason or 'x'}").endswith(reason)

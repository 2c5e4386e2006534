"""What `?at_block=` asks for, on a pool's page and in the API: the pool right after a past block.

Turns the parameter into a number, and a refusal into words for people; how a pool was is
`selectors.pool_at`'s matter.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from pools import selectors
from pools.filter_fields import WholeNumberField
from pools.presentation import whole
from pools.selectors import NotProved, NotThere
from pools.time_travel import PastPool

NAME: Final = "at_block"
_FIELD: Final = WholeNumberField(required=False)

PARAMETER: Final[dict[str, Any]] = {
    "in": "query",
    "name": NAME,
    "required": False,
    "description": (
        "As it was right after this block, from the stored logs. 409 if not every log up to there "
        "is stored with proof: the answer says up to which block it would be exact."
    ),
    "schema": _FIELD.json_schema,
}


def asked(request: HttpRequest) -> int | None:
    """The block that the URL names, None when it asks for now. Raises ValidationError."""
    block: int | None = _FIELD.clean(request.GET.get(NAME, ""))
    return block


@dataclass(frozen=True, slots=True)
class Moment:
    """Which block a page was asked for, in the asker's own words, and what came of it.

    `past` is None when the page is to show now: nothing else was asked for, or `problem` says why
    not, with the `status` of the answer.
    """

    asked: str
    past: PastPool | None = None
    problem: str = ""
    status: int = 200


def of_page(request: HttpRequest, contract: str, pool_id: int) -> Moment:
    """The moment of a pool's page."""
    text = request.GET.get(NAME, "")
    try:
        block = asked(request)
        past = None if block is None else selectors.pool_at(contract, pool_id, block)
    except ValidationError as error:
        return Moment(text, problem=" ".join(error.messages), status=400)
    except NotThere:
        return Moment(text, problem=_("This pool did not exist yet at that block."), status=404)
    except NotProved as error:
        return Moment(text, problem=_not_proved(error), status=409)
    return Moment(text, past)


def _not_proved(error: NotProved) -> str:
    if error.exact_to is None:
        return _("The first blocks of this contract are not read yet, so nothing of then is sure.")
    return _(
        "That block is not here yet, or not every event up to it is stored with proof. "
        "Up to block %(block)s this page is exact."
    ) % {"block": whole(error.exact_to)}

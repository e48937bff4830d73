"""The answer of an entry as the model gave it: what was given, together with what was computed in shadow.

Monitoring and replays need both; the caller got the first only.
"""

from collections.abc import Callable, Sequence

import orjson

from serving.contract.response import Document


def whole_answer(answer: str | None, shadow: str | None) -> str | None:
    """The JSON of an answer with its shadow in place of what was withheld.

    An answer without a given number becomes a prediction if it has a shadow. A text that can't be read stays as it is.
    """
    if answer is None or shadow is None:
        return answer
    try:
        given, computed = orjson.loads(answer), orjson.loads(shadow)
        return orjson.dumps(_together(given, computed)).decode()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return answer


def _together(given: Document, computed: Document) -> Document:
    if given["outcome"] != "predicted":
        return given | computed | {"outcome": "predicted"}
    lasting = _filled(given["sustained_remission"], computed["sustained_remission"], lambda one: one["horizon_days"])
    parts = {name: _first(given[name], computed[name]) for name in ("remission", "reasons")}
    return given | parts | {"relapse": _relapse(given["relapse"], computed["relapse"]), "sustained_remission": lasting}


def _first(given: Document | None, computed: Document | None) -> Document | None:
    """The parts of two explanations, or of two answers to a question."""
    if given is None or computed is None:
        return computed if given is None else given
    return given | {name: part for name, part in computed.items() if given.get(name) is None}


def _relapse(given: Document | None, computed: Document | None) -> Document | None:
    if given is None or computed is None:
        return computed if given is None else given
    at_horizons = _filled(given["at_horizons"], computed["at_horizons"], lambda one: one["days"])
    return {"curve": computed["curve"] or given["curve"], "at_horizons": at_horizons}


def _filled(given: Sequence[Document], computed: Sequence[Document], days: Callable[[Document], int]) -> list[Document]:
    """Answers by horizon, each from the side that has a number."""
    beside = {days(one): one for one in computed}
    return [beside.get(days(one), one) if one["probability"] is None else one for one in given]

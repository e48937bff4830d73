"""What a right answer is, by what was asked: a quick look at each, and a whole one at some after the clock has stopped.

The quick look reads bytes, for parsing thirty kilobytes of JSON would cost about as much as making them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from tests.benchmarks.serve.plan import Expected

NOTHING_ROUTE, NOTHING = "/v1/nothing", b"{}"
"""Where nothing is done, and what comes of it."""
_PREDICTED = re.compile(rb'"outcome": ?"predicted"')
_ID = re.compile(rb'"prediction_id": ?"([0-9a-f-]{36})"')
BATCH = 1_000


@dataclass(frozen=True)
class AnswerCheck:
    """How one kind of answer is checked: ``quick`` by its bytes, ``whole`` by its document; both name what is wrong."""

    quick: Callable[[bytes], str | None]
    whole: Callable[[Any], str | None]


def prediction_ids(body: bytes) -> list[bytes]:
    """The ids of the predictions in an answer."""
    return _ID.findall(body)


def _nothing(body: bytes) -> str | None:
    return None if body == NOTHING else "something where nothing was to come"


def _predicted(body: bytes) -> str | None:
    return None if _PREDICTED.search(body) else "no prediction"


def _predicted_batch(body: bytes) -> str | None:
    found = len(_PREDICTED.findall(body))
    return None if found == BATCH else f"{found} predictions of {BATCH}"


def _from_mlflow(body: bytes) -> str | None:
    return None if body.startswith(b'{"predictions"') else "no predictions"


def _empty(document: Any) -> str | None:
    return None if document == {} else "something where nothing was to come"


def _in_full(document: Any) -> str | None:
    """What the full path must give is all there: both heads, intervals around each answer, reasons, the curve."""
    wrong = _probable(document)
    if wrong is not None:
        return wrong
    if not all(len(document["reasons"][head]["contributions"]) > 1 for head in ("remission", "relapse")):
        return "no reasons"
    return None if document["relapse"]["curve"] else "no curve"


def _probable(document: Any) -> str | None:
    if document["outcome"] != "predicted" or not document["model"]["version"]:
        return "no prediction"
    risks = [document["remission"], *document["relapse"]["at_horizons"], *document["sustained_remission"]]
    within = [_within(risk["interval_90"], risk["probability"]) for risk in risks]
    return None if len(risks) >= 3 and all(within) else "a probability outside its interval"


def _within(interval: dict[str, float], probability: float) -> bool:
    return 0 <= interval["low"] <= probability <= interval["high"] <= 1


def _each(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """The same for every answer of a batch; names the first thing wrong."""
    return lambda document: next(filter(None, map(check, document["answers"])), None)


def _whole_from_mlflow(document: Any) -> str | None:
    (row,) = document["predictions"]
    answers = [value for name, value in row.items() if name != "applicability"]
    right = len(answers) > 3 and all(isinstance(value, float) and isfinite(value) for value in answers)
    return None if right else "no predictions"


CHECKS: dict[Expected, AnswerCheck] = {
    "nothing": AnswerCheck(_nothing, _empty),
    "predicted": AnswerCheck(_predicted, _in_full),
    "predicted_batch": AnswerCheck(_predicted_batch, _each(_probable)),
    "predicted_batch_in_full": AnswerCheck(_predicted_batch, _each(_in_full)),
    "mlflow": AnswerCheck(_from_mlflow, _whole_from_mlflow),
}


def wrong_in_full(check: AnswerCheck, body: bytes) -> str | None:
    """What is wrong with an answer that is parsed in full."""
    try:
        return check.whole(json.loads(body))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        return f"another document than documented ({type(error).__name__})"

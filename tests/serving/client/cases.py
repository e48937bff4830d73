"""What the tests of the client share: answers of a service, a clock that only waiting moves, and one call."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from serving.client import (
    CallError,
    KapClient,
    Pace,
    Retries,
    TimeLimits,
)
from tests.serving.client.stub_server import (
    Act,
    StubServer,
)
from tests.serving.requests import EXAMPLE, Document

KEY = "kap_0123abcd_" + "s3cretK3y" * 4 + "1234567"
MARKER = "XMARKERX"
MODEL = {"version": "3", "bundle_digest": "c5e9", "synthetic": True}
CAUTION = {"code": "mania_history", "message": "A history of mania is recorded.", "source": "Hull 2022"}
EXPLANATION = {
    "log_odds": -1.5,
    "start": -1.0,
    "contributions": [{"feature": "age", "meaning": "Age.", "unit": "years", "value": None, "contribution": -0.5}],
}
BETWEEN: Document = {"low": 0.25, "high": 0.75}
PREDICTED: Document = {
    "outcome": "predicted",
    "prediction_id": "f69b5789",
    "model": MODEL,
    "landmark": {"name": "before session 2", "day": 14, "date": None},
    "applicability": {"verdict": "inside", "reasons": []},
    "remission": {"probability": 0.5, "interval_90": BETWEEN},
    "relapse": {"curve": None, "at_horizons": [{"days": 84, "probability": 0.5, "interval_90": None}]},
    "sustained_remission": [{"horizon_days": 84, "probability": None, "interval_90": None}],
    "reasons": {"remission": EXPLANATION, "relapse": None},
    "not_recorded": ["age"],
    "not_used": {"sessions": 0, "assessments": 1, "events": 0},
    "notes": [],
    "cautions": [CAUTION],
    "tiers": {"remission": "clinic"},
    "withheld": [],
}
NOT_PREDICTABLE: Document = {
    "outcome": "not_predictable",
    "prediction_id": "f69b578a",
    "model": MODEL,
    "applicability": None,
    "reasons": [{"code": "died", "message": "The record says that the patient has died.", "remedy": None}],
    "cautions": [],
    "tiers": {},
}
REFUSED: Document = {"outcome": "refused", "problems": [{"path": "as_of_day", "required": "a day", "found": "nothing"}]}
READY: Document = {
    "ready": True,
    "model_version": "3",
    "model": "kap-outcomes:a1",
    "log": "answers",
    "newest_model_refused": None,
    "model_overridden": False,
}
FAST = TimeLimits(connect=1, read=0.15, total=60)


@dataclass
class FakePace:
    """A clock that only waiting moves; waits are as long as they may be."""

    seconds: float = 1_000.0
    waited: list[float] = field(default_factory=list)
    share: float = 1.0

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds

    def pace(self) -> Pace:
        return Pace(
            clock=lambda: self.seconds,
            sleep=self.sleep,
            now=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC),
            draw=lambda low, high: low + self.share * (high - low),
        )


def client(
    stub: StubServer, *, pace: FakePace | None = None, limits: TimeLimits = FAST, retries: Retries | None = None
) -> KapClient:
    return KapClient(stub.url, KEY, limits=limits, retries=retries, pace=(pace or FakePace()).pace())


def raised_by(stub: StubServer, *script: Act, **options: Any) -> CallError:
    """The error that asking for one prediction ends with."""
    stub.script = list(script)
    with client(stub, **options) as kap, pytest.raises(CallError) as caught:
        kap.predict(EXAMPLE)
    return caught.value

"""Performance of a model for held-out patients: the figures stored with a promoted copy.

They come from the evidence in the registry, so that the service can show them without it. `training` decides which
evidence that is, `serving` how it is shown.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal

PERFORMANCE = "performance.json"
"""The file of a promoted copy, beside its bundle."""
PERFORMANCE_DIGEST = "performance_digest"
"""Where the promoted copy keeps the file's SHA-256."""


@dataclass(frozen=True)
class PerformanceFigure:
    """A figure with its 95% interval; null where it is not defined."""

    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class QuestionPerformance:
    """Performance on one question for ``patients`` whose outcome is known, ``events`` of them yes.

    ``horizon_days`` is in days after remission, null for remission itself. ``auc``: the probability that of two
    patients the one with the outcome has the higher prediction (c-statistic). ``calibration_slope``: 1 is right, less
    means too extreme. ``observed_to_expected``: observed by predicted outcomes. ``brier``: mean squared error. ``ipa``:
    its reduction relative to one rate for all. Weights account for unobserved outcomes.
    """

    question: str
    head: Literal["remission", "relapse", "sustained"]
    horizon_days: int | None
    patients: int
    events: int
    observed_rate: float | None
    auc: PerformanceFigure | None
    calibration_slope: PerformanceFigure | None
    observed_to_expected: PerformanceFigure | None
    brier: PerformanceFigure | None
    ipa: PerformanceFigure | None


@dataclass(frozen=True)
class LandmarkPerformance:
    """Every question at one landmark; ``relapse_c_index`` is Harrell's C of the order in which patients relapse."""

    landmark: str
    questions: tuple[QuestionPerformance, ...]
    relapse_c_index: PerformanceFigure | None


@dataclass(frozen=True)
class MeasuredPerformance:
    """The performance on one cohort, by one run of the registry.

    ``kind``: "held out", every patient predicted by models fitted without the patient; "updated", the same for a model
    updated on this cohort; "external", by the model itself on a validation cohort. ``cohort`` is its name, ``held_out``
    says how patients were held out, ``caveats`` what the figures don't show. ``evidence_digest`` is the SHA-256 of the
    full evidence.
    """

    kind: Literal["held out", "updated", "external"]
    run_id: str
    evidence_digest: str
    cohort: str
    cohort_digest: str
    patients: int
    sites: int
    synthetic: bool
    held_out: str
    caveats: tuple[str, ...]
    landmarks: tuple[LandmarkPerformance, ...]


@dataclass(frozen=True)
class Performance:
    """The performance of a model at its promotion, and sentences on what could not be read."""

    bundle_digest: str
    measured: tuple[MeasuredPerformance, ...]
    not_readable: tuple[str, ...]

    def as_json(self) -> str:
        """The document; the same performance gives the same text."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"

"""A feature as it is declared: name, unit, range, meaning, expected signs, source of the idea, and its function."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from features.definitions.known_patient import KnownPatient
from features.definitions.patient_context import PatientColumn
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats

Sign = Literal[-1, 0, 1]
Group = Literal[
    "baseline severity", "treatment history", "early response", "patient context", "study covariate", "study feature"
]

Computed: TypeAlias = Callable[[KnownPatient], float]
"""Compiled, of one patient."""
Measure: TypeAlias = Callable[[KnownAtLandmark], Floats]
"""Of every patient of a cohort at once."""


@dataclass(frozen=True)
class Feature:
    """One number known about a patient at the landmark; ``function`` says how it comes about.

    ``remission_sign`` and ``relapse_sign`` say whether a larger value is expected to make the outcome more (1) or
    less (-1) likely, or neither is expected (0); a model keeps them. A patient with a value above ``outside_above`` is
    outside for every model.
    """

    name: str
    group: Group
    unit: str
    minimum: float
    maximum: float
    remission_sign: Sign
    relapse_sign: Sign
    source: str
    function: Computed | PatientColumn | Measure = field(compare=False, repr=False)
    meaning: str = ""
    outside_above: float | None = None

    def declaration(self) -> dict[str, str | float]:
        """All except the function, as plain values."""
        limit: dict[str, str | float] = (
            {} if self.outside_above is None else {"outside_above": float(self.outside_above)}
        )
        return limit | {
            "name": self.name,
            "group": self.group,
            "unit": self.unit,
            "minimum": float(self.minimum),
            "maximum": float(self.maximum),
            "remission_sign": self.remission_sign,
            "relapse_sign": self.relapse_sign,
            "source": self.source,
            "meaning": self.meaning,
        }


def declare(
    group: Group,
    functions: list[tuple[Computed, str, float, float, Sign, Sign, str]],
) -> tuple[Feature, ...]:
    """Features named after their functions, whose docstrings are their meanings."""
    return tuple(
        Feature(
            name=function.__name__,
            group=group,
            unit=unit,
            minimum=minimum,
            maximum=maximum,
            remission_sign=remission_sign,
            relapse_sign=relapse_sign,
            source=source,
            function=function,
            meaning=" ".join((function.__doc__ or "").split()),
        )
        for function, unit, minimum, maximum, remission_sign, relapse_sign, source in functions
    )

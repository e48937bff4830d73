"""What a code means to a record: a scale or its item, a condition, a treatment, a route, a measure or a column.

Every meaning has its ``source``, tagged "seen" where code and name stood together in it, else "recalled".
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ScalePart: TypeAlias = Literal["panel", "total"]
"""``panel`` is the whole form, ``total`` its score."""
Measure: TypeAlias = Literal[
    "body_weight",
    "body_mass_index",
    "blood_pressure",
    "systolic",
    "diastolic",
    "pregnancy_status",
]
"""A vital sign, or what else an Observation measures for a record."""
Presence: TypeAlias = Literal["now", "ever"]
"""Whether a column counts a condition that the patient has now only, or one that was there at any time."""


@dataclass(frozen=True)
class ScaleCode:
    """The form or the total of a rating scale, by the name of its instrument."""

    instrument: str
    part: ScalePart
    source: str


@dataclass(frozen=True)
class ItemCode:
    """An item of a rating scale; ``number`` counts from 1 in the order of the form."""

    instrument: str
    number: int
    source: str


@dataclass(frozen=True)
class AnswerCode:
    """An answer of an item as points of the scale's key."""

    instrument: str
    points: int
    source: str


@dataclass(frozen=True)
class FlagColumn:
    """A column of ``patients`` that a condition makes true; ``when`` says whether it must be there now."""

    name: str
    when: Presence


@dataclass(frozen=True)
class ConditionCode:
    """A condition: a category of ``diagnosis``, columns that it makes true, or why it is not used.

    ``whole`` says that the code means all that its columns or category stand for, so that the condition, once
    refuted, makes them false. Panic disorder covers ``panic``; schizophrenia is not all that ``psychosis_history`` is.
    ``over`` says that the condition is not there any more, whatever a vaguer code beside it says.
    """

    diagnosis: str | None
    flags: tuple[FlagColumn, ...]
    whole: bool
    not_used: str
    over: bool
    source: str


@dataclass(frozen=True)
class TreatmentCode:
    """A medication or a procedure: a class of ``prior_treatments``, a kind of session, an opioid, or several.

    ``ingredient`` is the English name of a single substance, empty for a class. ``as_10_mg_diazepam`` are the mg of it
    that count as 10 mg of diazepam; ``None`` where the drug is not in that table.
    """

    treatment: str | None
    session: str | None
    ingredient: str
    opioid: bool
    as_10_mg_diazepam: float | None
    source: str


@dataclass(frozen=True)
class KetamineCode:
    """Ketamine or esketamine, as a substance or as a product."""

    substance: Literal["ketamine", "esketamine"]
    source: str


@dataclass(frozen=True)
class RouteCode:
    """A route of administration, as a category of ``sessions.route``."""

    route: str
    source: str


@dataclass(frozen=True)
class MeasureCode:
    """A vital sign or another measure."""

    measure: Measure
    source: str


@dataclass(frozen=True)
class AnswerFlag:
    """A coded answer that means true or false for a column, such as "pregnant"."""

    column: str
    value: bool
    source: str


@dataclass(frozen=True)
class RecordCode:
    """A code of the project's own code system: a column of ``patients`` or ``sessions``, or a declared covariate."""

    column: str

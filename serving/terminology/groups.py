"""The form of ``terminology.toml``: groups of codes that share a meaning and a source, and which of it is refused.

Codes stand by the short name of their system. A code that ends with ``*`` stands for all that begin so.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.terminology.meanings import Measure

Source = Annotated[str, Field(pattern=r"\[(seen|recalled)[^\]]*\]")]
"""Where the codes were found; "seen" there, or "recalled"."""
Codes = dict[str, list[str]]
NamedCodes = dict[str, dict[str, list[str]]]
"""Codes by system and ingredient."""


class CodeGroup(BaseModel):
    """Codes that share a source."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: Source


class ScaleGroup(CodeGroup):
    """A rating scale: codes of the form and of its total, and of its items in the order of the form."""

    name: str
    panel: Codes = {}
    total: Codes = {}
    items: Codes = {}


class AnswerGroup(CodeGroup):
    """Answers of the items of some scales, as points of their key; codes by points."""

    instruments: list[str]
    points: dict[int, Codes]


class ConditionGroup(CodeGroup):
    """Conditions: a category of ``diagnosis``, columns, or the reason why they are not used.

    ``over`` says that a condition is not there any more, which a vaguer code beside it leaves open.
    """

    diagnosis: str | None = None
    flags: list[str] = []
    whole: bool = False
    not_used: str = ""
    over: bool = False
    codes: Codes

    @model_validator(mode="after")
    def _has_one_meaning(self) -> Self:
        if (self.diagnosis is None and not self.flags) != bool(self.not_used):
            raise ValueError("a condition has a diagnosis or flags, or else not_used")
        return self


class TreatmentGroup(CodeGroup):
    """Medications or procedures of one class; ``ingredients`` are codes by system and substance."""

    treatment: str | None = None
    session: str | None = None
    opioid: bool = False
    codes: Codes = {}
    ingredients: NamedCodes = {}

    @model_validator(mode="after")
    def _has_a_meaning(self) -> Self:
        if self.treatment is None and self.session is None and not self.opioid:
            raise ValueError("a treatment has a class, a kind of session, or opioid = true")
        return self


class KetamineGroup(CodeGroup):
    """Ketamine or esketamine, as substance, class or product."""

    substance: Literal["ketamine", "esketamine"]
    codes: Codes


class RouteGroup(CodeGroup):
    """A route of administration."""

    route: str
    codes: Codes


class MeasureGroup(CodeGroup):
    """A vital sign or another measure."""

    measure: Measure
    codes: Codes


class AnswerFlagGroup(CodeGroup):
    """Coded answers that make a column true or false."""

    column: str
    value: bool
    codes: Codes


class SystemEntry(BaseModel):
    """A code system: its URI, other URIs that are sent for it, and whether a dot in its codes says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    uri: str
    aliases: list[str] = []
    dotted: bool = False


class TerminologyDocument(BaseModel):
    """The whole file. ``ever`` are the columns that a condition of any time makes true; the others need it now."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    ever: list[str]
    systems: dict[str, SystemEntry]
    instruments: list[ScaleGroup]
    answers: list[AnswerGroup]
    conditions: list[ConditionGroup]
    treatments: list[TreatmentGroup]
    ketamine: list[KetamineGroup]
    routes: list[RouteGroup]
    measures: list[MeasureGroup]
    coded_answers: list[AnswerFlagGroup]

"""The terminology: ``terminology.toml``, parsed once and checked against the declarations of scales and columns.

What to do with a meaning is left to the readers in `serving.fhir.reading`.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from features.protocol.diazepam import SAME_AS_10_MG_DIAZEPAM
from serving.terminology.code_index import CodeClashError, CodeIndex, CodeSystems, Meaning
from serving.terminology.declared_names import undeclared_names
from serving.terminology.groups import Codes, TerminologyDocument
from serving.terminology.meanings import (
    AnswerCode,
    AnswerFlag,
    ConditionCode,
    FlagColumn,
    ItemCode,
    KetamineCode,
    MeasureCode,
    RecordCode,
    RouteCode,
    ScaleCode,
    TreatmentCode,
)

RECORD_SYSTEM = "https://kap-outcomes.example/fhir/CodeSystem/record"
"""The code system of columns for which no standard has a code; its codes are their names."""
LOINC = "loinc"


class TerminologyError(Exception):
    """``terminology.toml`` is not valid: a form, a code with two meanings, or a name that no declaration has."""


@dataclass(frozen=True)
class ScaleLoinc:
    """The LOINC codes of a scale; ``items`` are in the order of the form. Empty where the terminology has none."""

    panels: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terminology:
    """What codes mean; every look-up takes the URI of a code system or a known alias, and gives ``None`` otherwise."""

    systems: CodeSystems
    scales: CodeIndex[ScaleCode]
    scale_items: Mapping[str, CodeIndex[ItemCode]]
    answers: Mapping[str, CodeIndex[AnswerCode]]
    conditions: CodeIndex[ConditionCode]
    treatments: CodeIndex[TreatmentCode]
    ketamines: CodeIndex[KetamineCode]
    routes: CodeIndex[RouteCode]
    measures: CodeIndex[MeasureCode]
    flags: CodeIndex[AnswerFlag]
    loinc: Mapping[str, ScaleLoinc] = field(default_factory=dict)

    def instrument(self, system: str, code: str) -> ScaleCode | None:
        """The scale of a form or a total.

        A code of the project's own system is the name of a scale, for many have no code elsewhere; which ones there
        are is the protocol's.
        """
        return ScaleCode(code, "total", RECORD_SYSTEM) if system == RECORD_SYSTEM else self.scales.find(system, code)

    def item(self, system: str, code: str, instrument: str) -> ItemCode | None:
        """The item of a scale; forms share items, so the scale must be known."""
        index = self.scale_items.get(instrument)
        return None if index is None else index.find(system, code)

    def scales_of_item(self, system: str, code: str) -> tuple[str, ...]:
        """The scales that have an item with this code."""
        return tuple(name for name in self.scale_items if self.item(system, code, name) is not None)

    def answer(self, system: str, code: str, instrument: str) -> AnswerCode | None:
        """The points of an answer; one code has other points on another scale."""
        index = self.answers.get(instrument)
        return None if index is None else index.find(system, code)

    def condition(self, system: str, code: str) -> ConditionCode | None:
        """What a condition says about ``diagnosis`` and the flags of ``patients``."""
        return self.conditions.find(system, code)

    def treatment(self, system: str, code: str) -> TreatmentCode | None:
        """The class of a medication or procedure."""
        return self.treatments.find(system, code)

    def ketamine(self, system: str, code: str) -> KetamineCode | None:
        """Whether a substance or product is ketamine."""
        return self.ketamines.find(system, code)

    def route(self, system: str, code: str) -> RouteCode | None:
        """The route of administration."""
        return self.routes.find(system, code)

    def measure(self, system: str, code: str) -> MeasureCode | None:
        """The vital sign or other measure."""
        return self.measures.find(system, code)

    def coded_answer(self, system: str, code: str) -> AnswerFlag | None:
        """The column and the truth of a coded answer."""
        return self.flags.find(system, code)

    def column(self, system: str, code: str) -> RecordCode | None:
        """The column that a code of the project's own system names, of ``patients``, ``sessions`` or a covariate.

        Which covariates there are is the protocol's.
        """
        return RecordCode(code) if system == RECORD_SYSTEM else None

    def loinc_of(self, instrument: str) -> ScaleLoinc:
        """The LOINC codes of a scale."""
        return self.loinc.get(instrument, ScaleLoinc())


@cache
def load_terminology() -> Terminology:
    """The terminology of this installation; raises ``TerminologyError`` if its file is not valid."""
    return parse_terminology(Path(__file__).with_name("terminology.toml").read_text(encoding="utf-8"))


def parse_terminology(text: str) -> Terminology:
    """The terminology in a TOML text; raises ``TerminologyError``."""
    try:
        document = TerminologyDocument.model_validate(tomllib.loads(text))
        terminology = _indexed(document)
    except (tomllib.TOMLDecodeError, ValidationError, CodeClashError) as error:
        raise TerminologyError(str(error)) from None
    if undeclared := undeclared_names(document):
        raise TerminologyError("not declared: " + ", ".join(undeclared))
    return terminology


def _indexed(document: TerminologyDocument) -> Terminology:
    systems = CodeSystems(
        {uri: name for name, entry in document.systems.items() for uri in (entry.uri, *entry.aliases)},
        frozenset(name for name, entry in document.systems.items() if entry.dotted),
    )
    terminology = Terminology(
        systems,
        CodeIndex(systems),
        defaultdict(lambda: CodeIndex(systems)),
        defaultdict(lambda: CodeIndex(systems)),
        CodeIndex(systems),
        CodeIndex(systems),
        CodeIndex(systems),
        CodeIndex(systems),
        CodeIndex(systems),
        CodeIndex(systems),
        {scale.name: _loinc(scale.panel, scale.total, scale.items) for scale in document.instruments},
    )
    _add_scales(terminology, document)
    _add_clinical(terminology, document)
    return terminology


def _loinc(panel: Codes, total: Codes, items: Codes) -> ScaleLoinc:
    return ScaleLoinc(*(tuple(codes.get(LOINC, ())) for codes in (panel, total, items)))


def _add_scales(terminology: Terminology, document: TerminologyDocument) -> None:
    for scale in document.instruments:
        _add(terminology.scales, scale.panel, ScaleCode(scale.name, "panel", scale.source))
        _add(terminology.scales, scale.total, ScaleCode(scale.name, "total", scale.source))
        for system, codes in scale.items.items():
            for number, code in enumerate(codes, 1):
                item = ItemCode(scale.name, number, scale.source)
                _add(terminology.scale_items[scale.name], {system: [code]}, item)
    for group in document.answers:
        for instrument in group.instruments:
            for points, codes_of in group.points.items():
                _add(terminology.answers[instrument], codes_of, AnswerCode(instrument, points, group.source))


def _add_clinical(terminology: Terminology, document: TerminologyDocument) -> None:
    for group in document.conditions:
        flags = tuple(FlagColumn(name, "ever" if name in document.ever else "now") for name in group.flags)
        meaning = ConditionCode(group.diagnosis, flags, group.whole, group.not_used, group.over, group.source)
        _add(terminology.conditions, group.codes, meaning)
    for one in document.treatments:
        for ingredient, codes in [("", one.codes), *_by_ingredient(one.ingredients)]:
            dose = SAME_AS_10_MG_DIAZEPAM.get(ingredient) if one.treatment == "benzodiazepine" else None
            _add(
                terminology.treatments,
                codes,
                TreatmentCode(one.treatment, one.session, ingredient, one.opioid, dose, one.source),
            )
    for substance in document.ketamine:
        _add(terminology.ketamines, substance.codes, KetamineCode(substance.substance, substance.source))
    for route in document.routes:
        _add(terminology.routes, route.codes, RouteCode(route.route, route.source))
    for measure in document.measures:
        _add(terminology.measures, measure.codes, MeasureCode(measure.measure, measure.source))
    for answer in document.coded_answers:
        _add(terminology.flags, answer.codes, AnswerFlag(answer.column, answer.value, answer.source))


def _by_ingredient(ingredients: Mapping[str, Mapping[str, list[str]]]) -> Iterator[tuple[str, Codes]]:
    for system, named in ingredients.items():
        for ingredient, codes in named.items():
            yield ingredient, {system: codes}


def _add(index: CodeIndex[Meaning], codes: Codes, meaning: Meaning) -> None:
    for system, listed in codes.items():
        if system not in index.systems.names.values():
            raise CodeClashError(f"{system} is no declared code system")
        index.add(system, listed, meaning)

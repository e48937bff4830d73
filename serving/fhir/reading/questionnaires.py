"""Answered forms: a QuestionnaireResponse whose items name items or totals of scales by LOINC.

An item names its code in ``linkId`` or ``definition``, or in the Questionnaire if that was sent too. One form may hold
several scales.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.fhir.elements.codings import codings_of, elements, text
from serving.fhir.elements.placed_dates import PlacingRule
from serving.fhir.elements.points import LOINC, points_of
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.reading.rated_forms import FormPoints, RatedForm
from serving.fhir.structure.references import ResourceIndex

_COMPLETE = frozenset({"completed", "amended"})
_LOINC_CODE = re.compile(r"(?:^|[/#|])(\d{1,7}-\d)$", re.ASCII)
_Codings = list[tuple[str, str]]


class AnsweredForms:
    """Reads QuestionnaireResponses."""

    def __init__(self, located: Sequence[LocatedResource], context: ReadingContext, notes: ReadingNotes) -> None:
        """Keep what is read from."""
        self.located, self.context, self.notes = located, context, notes
        self.index = ResourceIndex(located)
        self.dates = PlacingRule(context.zone, context.today)

    def read(self) -> Iterator[RatedForm]:
        """The ratings, one for each scale of a form."""
        for one in self.located:
            if one.resource.get("resourceType") != "QuestionnaireResponse":
                continue
            if one.resource.get("status") not in _COMPLETE:
                self.notes.leave_out(one.expression, "its status is not completed or amended")
            else:
                yield from self._forms(one)

    def _forms(self, one: LocatedResource) -> Iterator[RatedForm]:
        scales = self._scales(one)
        if not scales:
            self.notes.leave_out(one.expression, "no item has a code of a scale")
            return
        date = self.dates.place(one, "authored", self.notes)
        if date is None:
            return
        for instrument, points in scales.items():
            if points.is_rated(one.expression, instrument, self.notes):
                sources = frozenset({one.expression})
                yield RatedForm(instrument, date, one.expression, points.total, points.items, sources)

    def _scales(self, one: LocatedResource) -> dict[str, FormPoints]:
        """The answers by scale."""
        codes = self._codes_by_link(one)
        scales: dict[str, FormPoints] = defaultdict(FormPoints)
        without_scale = []
        for item, place in _items(one.resource, one.expression):
            codings = [*_own_codes(item), *codes.get(text(item, "linkId"), ())]
            if not self._add(scales, codings, item, place) and "answer" in item:
                without_scale.append(place)
        for place in without_scale if scales else ():
            self.notes.leave_out(place, "the item has no code of a scale")
        return scales

    def _add(self, scales: dict[str, FormPoints], codings: _Codings, item: Mapping[str, Any], place: str) -> bool:
        """Add an item to each scale that has it; whether its code is of a scale."""
        terminology = self.context.terminology
        parts: dict[str, int | None] = {}
        is_known = False
        for coding in codings:
            scale = terminology.instrument(*coding)
            if scale is not None and scale.instrument in self.context.protocol.instruments:
                is_known = True
                parts |= {scale.instrument: None} if scale.part == "total" else {}
            for name in terminology.scales_of_item(*coding):
                found = terminology.item(*coding, name)
                parts |= {name: found.number} if found is not None else {}
        for name, number in parts.items():
            self._answer(scales[name], number, name, item, place)
        return is_known or bool(parts)

    def _answer(
        self, points: FormPoints, number: int | None, instrument: str, item: Mapping[str, Any], place: str
    ) -> None:
        for position, answer in enumerate(elements(item, "answer")):
            where = f"{place}.answer[{position}].value"
            points.add(number, points_of(answer, instrument, self.context.terminology), where, self.notes)

    def _codes_by_link(self, one: LocatedResource) -> dict[str, _Codings]:
        """The codes of the Questionnaire's items by ``linkId``, if the Questionnaire was sent."""
        canonical = text(one.resource, "questionnaire").partition("|")[0]
        by_url = [form for form in self.located if _is_form(form) and canonical == text(form.resource, "url") != ""]
        found = by_url[0] if len(by_url) == 1 else self.index.resolve({"reference": canonical}, one)
        if found is None or not _is_form(found):
            return {}
        self.notes.use(found.expression)
        return {
            text(item, "linkId"): [*_own_codes(item), *codings_of({"coding": item.get("code")})]
            for item, _ in _items(found.resource, "")
        }


def _is_form(one: LocatedResource) -> bool:
    return one.resource.get("resourceType") == "Questionnaire"


def _items(part: Mapping[str, Any], place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every item with its place, also those below items and answers; walked without recursion, however deep."""
    waiting = [(part, place)]
    while waiting:
        holder, where = waiting.pop()
        found = [(item, f"{where}.item[{number}]") for number, item in enumerate(elements(holder, "item"))]
        yield from found
        for item, at in found:
            waiting += [(answer, f"{at}.answer[{number}]") for number, answer in enumerate(elements(item, "answer"))]
        waiting += found


def _own_codes(item: Mapping[str, Any]) -> _Codings:
    """LOINC codes at the end of ``linkId`` and ``definition``, such as ``/44250-9``."""
    found = (_LOINC_CODE.search(text(item, name)) for name in ("linkId", "definition"))
    return [(LOINC, match[1]) for match in found if match is not None]

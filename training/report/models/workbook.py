"""The equation as a workbook with live formulas: values of one patient in, probabilities out; one sheet per head.

Formulas use + - * / ^, EXP, MIN, MAX, IF and ISNUMBER, which every spreadsheet has.
"""

import io
from collections.abc import Sequence
from datetime import datetime

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from training.evidence.caveats import FITTED_ON_SYNTHETIC
from training.evidence.descriptions import LinearTerm, ModelSpecification
from training.evidence.document import Evidence, LandmarkEvidence
from training.report.models.by_hand import DAYS_PER_WEEK, typical_patient
from training.report.models.equation import bands

_HEADER = (
    "feature",
    "unit",
    "value",
    "from",
    "to",
    "centre",
    "weight",
    "if missing",
    "clipped",
    "minus centre",
    "adds",
)
_WEEKLY = (
    *("week", "intercept", "relapse in the week", "competing at sum 0", "competing in the week"),
    *("free before", "free after", "relapsed by its end"),
)
_FIRST = 5
"""The first row of terms; column C takes a patient's values, and an empty cell is a missing value."""
_WRITTEN = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook has no time zone; the same evidence gives the same cells


def equation_workbook(evidence: Evidence) -> bytes:
    """The workbook, with the values of a made-up patient (medians) to be written over."""
    book = Workbook()
    book.properties.created = book.properties.modified = _WRITTEN
    read_me = book.active
    assert isinstance(read_me, Worksheet)  # noqa: S101 - a new workbook has one
    read_me.title = "read me"
    lines = _read_me(evidence)
    for number, landmark in enumerate(evidence.landmarks, start=1):
        remission = ""
        for head in landmark.heads:
            if head.model is None or not head.model.by_hand:
                lines.append(
                    f"{landmark.name}, {head.head}: no equation, the model is no sum of terms or was not fitted"
                )
                continue
            title = f"{number} {head.head}"
            lines.append(f"{title}: {landmark.name}")
            sheet = book.create_sheet(title)
            answer = _head_sheet(sheet, head.model, landmark, remission)
            remission = f"'{title}'!{answer}" if head.head == "remission" else remission
    for line in lines:
        read_me.append([line])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _read_me(evidence: Evidence) -> list[str]:
    return [
        f"Equations of the model {evidence.bundle_digest or ''}".rstrip(),
        "Write one patient's values into column C of a sheet; leave a cell empty where nothing is recorded.",
        "A value is clipped to the range, the centre is subtracted, and the rest is multiplied by the weight.",
        "Sustained remission is remission times the absence of relapse and competing event.",
        "The service refuses patients who are unlike the training patients; this workbook does not.",
        *([FITTED_ON_SYNTHETIC] if evidence.model_synthetic else []),
    ]


def _head_sheet(sheet: Worksheet, model: ModelSpecification, landmark: LandmarkEvidence, remission: str) -> str:
    """Fill a head's sheet; returns the cell of the probability of remission, empty for relapse."""
    sheet["A1"] = f"{landmark.name}: {model.head}"
    sheet["A1"].font = Font(bold=True)
    sheet.append([])
    sheet.append([])
    sheet.append(list(_HEADER))
    patient = typical_patient(landmark)
    total = _terms(sheet, model.terms, patient, _FIRST)
    if model.head == "remission":
        row = sheet.max_row + 2
        _labelled(sheet, row, "intercept", model.intercepts[0])
        _labelled(sheet, row + 1, "log-odds of remission", f"=C{row}+{total}")
        _labelled(sheet, row + 2, "probability of remission", f"=1/(1+EXP(-C{row + 1}))")
        return f"C{row + 2}"
    competing = _terms(sheet, model.competing_terms, patient, sheet.max_row + 2) if model.competing_terms else "0"
    _weeks(sheet, model, (total, competing), remission)
    return ""


def _terms(sheet: Worksheet, terms: Sequence[LinearTerm], patient: dict[str, float], first: int) -> str:
    """One row per term, and the cell of their sum."""
    for row, term in enumerate(terms, start=first):
        numbers = (patient.get(term.feature), term.lower, term.upper, term.centre, term.weight, term.missing_weight)
        for column, value in enumerate((term.label, term.unit, *numbers), start=1):
            sheet.cell(row, column, value)
        sheet.cell(row, 9, f'=IF(ISNUMBER(C{row}),MIN(MAX(C{row},D{row}),E{row}),"")')
        sheet.cell(row, 10, f'=IF(ISNUMBER(C{row}),I{row}-F{row},"")')
        sheet.cell(row, 11, f"=IF(ISNUMBER(C{row}),J{row}*G{row},H{row})")
    last = first + len(terms)
    sheet.cell(last, 1, "sum")
    sheet.cell(last, 11, "=" + ("+".join(f"K{row}" for row in range(first, last)) or "0"))
    return f"K{last}"


def _weeks(sheet: Worksheet, model: ModelSpecification, totals: tuple[str, str], remission: str) -> None:
    """One row per week, and the probabilities by each horizon."""
    start = sheet.max_row + 2
    for column, name in enumerate(_WEEKLY, start=1):
        sheet.cell(start, column, name)
    row = start
    for (first, last), intercept, hazard in zip(bands(model), model.intercepts, model.competing_hazards, strict=True):
        for week in range(first, last + 1):
            row += 1
            begun = week == 1
            cells = (
                week,
                intercept,
                f"=1/(1+EXP(-(B{row}+{totals[0]})))",
                hazard,
                f"=D{row}*EXP({totals[1]})/(1-D{row}+D{row}*EXP({totals[1]}))",
                1 if begun else f"=G{row - 1}",
                f"=F{row}*(1-C{row})*(1-E{row})",
                f"={'0' if begun else f'H{row - 1}'}+F{row}*C{row}",
            )
            for column, value in enumerate(cells, start=1):
                sheet.cell(row, column, value)
    for place, day in enumerate(model.horizons_days):
        _horizon(sheet, row + 2 + 4 * place, (start, day), remission)


def _horizon(sheet: Worksheet, row: int, over: tuple[int, int], remission: str) -> None:
    """Relapse, neither event, and sustained remission by a day; within a week the hazard is spread over the days."""
    start, day = over
    week, within = divmod(day, DAYS_PER_WEEK)
    at = start + week
    free, relapsed = (f"G{at}", f"H{at}") if week else ("1", "0")
    if within:
        inside, stays = at + 1, f"((1-C{at + 1})*(1-E{at + 1}))"
        left = f"{free}*{stays}^({within}/{DAYS_PER_WEEK})"
        relapsed = f"{relapsed}+({free}-{left})*IF({stays}<1,C{inside}/(1-{stays}),0)"
        free = left
    _labelled(sheet, row, f"relapse by day {day}", f"={relapsed}")
    _labelled(sheet, row + 1, f"neither relapse nor competing event by day {day}", f"={free}")
    if remission:
        _labelled(sheet, row + 2, f"sustained remission to day {day}", f"={remission}*C{row + 1}")


def _labelled(sheet: Worksheet, row: int, label: str, value: float | str) -> None:
    sheet.cell(row, 1, label)
    sheet.cell(row, 3, value)

"""The data dictionary of the made-up REDCap project: every field of its forms, in the 18 columns of REDCap."""

import csv
from dataclasses import dataclass
from pathlib import Path

from features.protocol.columns import DIAGNOSES, EVENTS, ROUTES, SEXES, TREATMENT_OUTCOMES, TREATMENTS
from tests.training.intake.clinic_sources.scale_titles import SCALE_TITLES

COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)


@dataclass(frozen=True)
class ProjectField:
    """One line of the dictionary."""

    name: str
    form: str
    kind: str
    label: str
    choices: str = ""
    validation: str = ""
    identifier: bool = False


def codes_of(categories: tuple[str, ...]) -> dict[str, str]:
    """Codes 1, 2 ... of the categories."""
    return {category: str(code) for code, category in enumerate(categories, start=1)}


def _choices(labels: dict[str, str]) -> str:
    return " | ".join(f"{code}, {label}" for code, label in labels.items())


def _labelled(categories: tuple[str, ...], **others: str) -> str:
    return _choices(
        {code: others.get(name, name.replace("_", " ").capitalize()) for name, code in codes_of(categories).items()}
    )


COMORBIDITIES = {
    "comorbid_depression": ("1", "Depression"),
    "comorbid_ptsd": ("2", "PTSD"),
    "comorbid_substance_use": ("3", "Substance use disorder"),
    "comorbid_personality_disorder": ("4", "Personality disorder"),
}
ABBREVIATED = {
    "gad": "Generalised anxiety disorder",
    "ptsd": "PTSD",
    "ocd": "OCD",
    "ssri": "SSRI",
    "snri": "SNRI",
    "maoi": "MAOI",
    "cbt": "CBT",
    "tms": "TMS",
    "ect": "ECT",
}
FREQUENCY = _choices({"0": "Not at all", "1": "Several days", "2": "More than half the days", "3": "Nearly every day"})
ITEMS = {"gad7": 7, "phq9": 9}
TOTALS = ("pcl5", "lsas", "hama", "ybocs", "pdss")


def _baseline() -> list[ProjectField]:
    form = "baseline"
    return [
        ProjectField("record_id", form, "text", "Record ID"),
        ProjectField("consent_date", form, "text", "Date of informed consent", validation="date_ymd"),
        ProjectField("initials", form, "text", "Initials", identifier=True),
        ProjectField("dob", form, "text", "Date of birth", validation="date_ymd", identifier=True),
        ProjectField("sex", form, "radio", "Sex at birth", _labelled(SEXES)),
        ProjectField("primary_dx", form, "dropdown", "Primary diagnosis", _labelled(DIAGNOSES, **ABBREVIATED)),
        ProjectField("illness_years", form, "text", "Years since onset of the illness", validation="number_1dp"),
        ProjectField("weight_kg", form, "text", "Weight (kg)", validation="number_1dp"),
        ProjectField("bmi", form, "text", "Body mass index (kg/m2)", validation="number_1dp"),
        ProjectField("bzd_name", form, "text", "Benzodiazepine taken now: name"),
        ProjectField("bzd_dose", form, "text", "Benzodiazepine taken now: mg a day", validation="number"),
        ProjectField("comorb", form, "checkbox", "Comorbidities", _choices(dict(COMORBIDITIES.values()))),
        ProjectField("fh_alcohol", form, "yesno", "First-degree relative with alcohol use disorder?"),
        ProjectField("hx_asked", form, "yesno", "Were earlier treatments asked for?"),
        ProjectField("prior_tx", form, "checkbox", "Earlier treatments", _labelled(TREATMENTS, **ABBREVIATED)),
        ProjectField("expectancy", form, "text", "Expectation of benefit (0-10)", validation="integer"),
        ProjectField("alliance", form, "text", "Working alliance (0-10)", validation="number_1dp"),
        ProjectField("remarks", form, "notes", "Remarks"),
    ]


def _treatments() -> list[ProjectField]:
    form = "prior_treatment"
    return [
        ProjectField("pt_class", form, "dropdown", "Class of treatment", _labelled(TREATMENTS, **ABBREVIATED)),
        ProjectField("pt_start", form, "text", "First day of the treatment", validation="date_ymd"),
        ProjectField("pt_end", form, "text", "Last day (empty: still running)", validation="date_ymd"),
        ProjectField("pt_adequate", form, "yesno", "Dose and duration adequate?"),
        ProjectField("pt_outcome", form, "radio", "What it achieved", _labelled(TREATMENT_OUTCOMES)),
    ]


def _questionnaires() -> list[ProjectField]:
    form = "questionnaires"
    fields = [ProjectField("q_date", form, "text", "Date of the questionnaires", validation="date_ymd")]
    for scale, count in ITEMS.items():
        names = [f"{scale}_{number}" for number in range(1, count + 1)]
        title = SCALE_TITLES[scale]
        fields += [ProjectField(name, form, "radio", f"{title} item {name[5:]}", FREQUENCY) for name in names]
        added = " + ".join(f"[{name}]" for name in names)
        fields.append(ProjectField(f"{scale}_total", form, "calc", f"{title} total", added))
    fields += [
        ProjectField(f"{scale}_total", form, "text", f"{SCALE_TITLES[scale]} total", validation="integer")
        for scale in TOTALS
    ]
    return [*fields, ProjectField("q_place", form, "radio", "Filled in at", "1, Clinic | 2, Home")]


def _sessions() -> list[ProjectField]:
    dosing, therapy = "dosing_session", "therapy_session"
    return [
        ProjectField("session_date", dosing, "text", "Date of the ketamine session", validation="date_ymd"),
        ProjectField("route", dosing, "radio", "Route of administration", _labelled(ROUTES)),
        ProjectField("dose_mg", dosing, "text", "Ketamine dose (mg)", validation="number"),
        ProjectField("cadss_peak", dosing, "text", "Peak CADSS", validation="integer"),
        ProjectField("sbp_peak", dosing, "text", "Peak systolic blood pressure (mmHg)", validation="integer"),
        ProjectField("ae_yn", dosing, "yesno", "Adverse event?"),
        ProjectField("room", dosing, "text", "Room"),
        ProjectField("therapy_date", therapy, "text", "Date of the psychotherapy session", validation="date_ymd"),
        ProjectField("therapist", therapy, "text", "Therapist"),
    ]


def _events() -> list[ProjectField]:
    form = "clinical_event"
    return [
        ProjectField("ev_date", form, "text", "Date of the event", validation="date_ymd"),
        ProjectField("ev_type", form, "radio", "What happened", _labelled(EVENTS)),
    ]


FIELDS = (*_baseline(), *_treatments(), *_questionnaires(), *_sessions(), *_events())


def columns_of(field: ProjectField) -> list[str]:
    """The columns that a field has in an export: a checkbox has one per choice."""
    if field.kind != "checkbox":
        return [field.name]
    return [f"{field.name}___{choice.split(',')[0].strip()}" for choice in field.choices.split("|")]


def exported_columns() -> list[str]:
    """Every column of an export but the five that REDCap puts first."""
    forms = list(dict.fromkeys(field.form for field in FIELDS))
    return [
        column
        for form in forms
        for column in [
            *(name for field in FIELDS if field.form == form for name in columns_of(field) if name != "record_id"),
            f"{form}_complete",
        ]
    ]


def write_dictionary(path: Path) -> None:
    """The dictionary as REDCap exports it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for field in FIELDS:
            cells = dict.fromkeys(COLUMNS, "")
            cells |= {COLUMNS[0]: field.name, COLUMNS[1]: field.form, COLUMNS[3]: field.kind, COLUMNS[4]: field.label}
            cells |= {COLUMNS[5]: field.choices, COLUMNS[7]: field.validation}
            cells[COLUMNS[10]] = "y" if field.identifier else ""
            writer.writerow(cells.values())

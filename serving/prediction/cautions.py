"""Cautions: facts in a record that a clinician must weigh, whatever the numbers say.

A rule reads the whole record up to today, not only what was known at the landmark. No rule uses or changes a number
of the model. A patient without cautions may still be at risk: a fact that was not recorded gives none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from features.definitions.route_dose import ROUTE_DOSES
from serving.contract.request import PredictionRequest
from serving.prediction.screening import SMALLEST_LIMIT, ScreenedRecord, screened

RESTING_SYSTOLIC_MMHG: Final = 140
RESTING_DIASTOLIC_MMHG: Final = 90
"""Above either before a dose, the esketamine label asks to weigh a delay [recalled]."""
PEAK_SYSTOLIC_MMHG: Final = 180
"""Above it, hypertension is called severe or urgent; the number is a convention: StatPearls, "Hypertensive urgency"
[seen]."""
SYSTOLIC_RISE_MMHG: Final = 40
"""A rise of this or more is what the esketamine label counts: 8 to 19% of patients, 1 to 4% on placebo [seen]."""
BENZODIAZEPINE_CAP_MG: Final = 20
"""mg of diazepam a day, as lorazepam 2 mg, above which a trial excluded (PMC6884875 [seen]). By 1 mg of lorazepam for
10 mg of diazepam: Ashton 2002, WHO 2009 [seen]; US VA/DoD 2021 has half of it [seen]."""
DISSOCIATION_POINTS: Final = 40
"""CADSS points: twice the mean of 20 in the first week of weekly 1 mg/kg (Glue 2018 [seen]), and more than three
standard deviations above the mean of 7.7 (SD 9.2) of 110 infusions (doi:10.1016/j.jad.2017.09.023 [seen]). That this
is high is our [judgement]; the criterion of dissociation itself, above 4 [recalled], holds for most sessions."""
BODY_MASS_INDEX: Final = 35
"""kg/m2, above which a trial of ketamine-assisted psychotherapy excluded relatively (NCT05604794 [seen])."""

_LABEL = "esketamine label [seen]"
_KAP = "exclusions of a KAP clinic, psyon.cz [seen]"
_CAROLINAS = "exclusions of a ketamine clinic, Carolinas Center [seen]"
_OXFORD = "limits of an NHS ketamine clinic, Oxford Health [seen]"
_TRIAL = "trial of ketamine-assisted psychotherapy NCT05604794 [seen]"
_TELEHEALTH = "Hull 2022 [seen]"
_LONG_TERM = "Psychiatr Ann 2018;48:170 [seen]"


@dataclass(frozen=True, slots=True)
class CautionRule:
    """When a caution is given, its sentence and its source; ``message`` has thresholds but no patient's value."""

    code: str
    message: str
    source: str
    applies: Callable[[ScreenedRecord], bool]


def cautions_for(request: PredictionRequest) -> list[dict[str, str]]:
    """Code, message and source of every rule that the record meets, in the order of ``RULES``."""
    record = screened(request)
    return [
        {"code": rule.code, "message": rule.message, "source": rule.source} for rule in RULES if rule.applies(record)
    ]


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _flag(name: str) -> Callable[[ScreenedRecord], bool]:
    return lambda record: record.patient[name] is True


def _flagged(column: str, message: str, source: str) -> CautionRule:
    """The rule of a flag of ``patients`` that was recorded as true; its code is the name of the column."""
    return CautionRule(column, message, source, _flag(column))


def _takes_benzodiazepine(record: ScreenedRecord) -> bool:
    return "benzodiazepine" in record.running or _above(record.patient["benzodiazepine_mg"], 0)


def _benzodiazepine_above_cap(record: ScreenedRecord) -> bool:
    return _above(record.patient["benzodiazepine_mg"], BENZODIAZEPINE_CAP_MG)


def _substance_use_disorder(record: ScreenedRecord) -> bool:
    return (
        record.patient["comorbid_substance_use"] is True
        or record.patient["diagnosis"] == "substance_use"
        or "substance_use_treatment" in record.running
    )


def _high_resting_pressure(record: ScreenedRecord) -> bool:
    return _above(record.patient["resting_systolic_mmhg"], RESTING_SYSTOLIC_MMHG) or _above(
        record.patient["resting_diastolic_mmhg"], RESTING_DIASTOLIC_MMHG
    )


def _pressure_rise(record: ScreenedRecord) -> bool:
    rise = record.systolic_rise_mmhg
    return rise is not None and rise >= SYSTOLIC_RISE_MMHG


_ROUTE_LIMITS = ", ".join(f"{route} {dose.limit:g}" for route, dose in ROUTE_DOSES.items()) + " mg/kg"

RULES: tuple[CautionRule, ...] = (
    _flagged(
        "ketamine_allergy",
        "An allergy to ketamine or esketamine is recorded, a contraindication of esketamine: weigh whether any dose "
        "may be given.",
        f"{_LABEL}; {_KAP}; {_TELEHEALTH}",
    ),
    CautionRule(
        "ketamine_not_tolerated",
        "An earlier treatment with ketamine that was not tolerated is recorded: weigh what happened, and whether it "
        "was an allergy.",
        f"{_LABEL}, for an allergy; that any intolerance is worth a caution is our [judgement]",
        lambda record: record.ketamine_not_tolerated,
    ),
    _flagged(
        "aneurysm_or_brain_haemorrhage",
        "An aneurysmal disease, an arteriovenous malformation or a haemorrhage in the brain is recorded, a "
        "contraindication of esketamine: weigh what a rise in blood pressure can do.",
        _LABEL,
    ),
    _flagged(
        "raised_intracranial_pressure",
        "Raised intracranial pressure is recorded: weigh that a dose can raise it further.",
        f"{_CAROLINAS}; {_OXFORD}; that a dose can raise it [recalled]",
    ),
    _flagged(
        "pregnant_or_breastfeeding",
        "Pregnancy or breastfeeding is recorded: weigh the risk to the child; ketamine clinics exclude it.",
        f"{_KAP}; {_OXFORD}; {_TRIAL}; {_TELEHEALTH}",
    ),
    _flagged(
        "suicidal_intent",
        "A suicidal intent or a recent attempt is recorded: weigh how soon and where the patient needs care, "
        "before any number here.",
        f"{_KAP}; {_TELEHEALTH}; what comes first is our [judgement]",
    ),
    CautionRule(
        "suicidal_thoughts_item",
        "Thoughts of death or suicide, item 9 of the PHQ-9 or the BDI-II at its latest rating, are recorded: weigh how "
        "soon and where the patient needs care, before any number here.",
        "item 9, rated from 0 (none) to 3 [recalled]; that any rating above 0 is worth a caution is our [judgement]",
        lambda record: _above(record.suicidal_thoughts_item, 0),
    ),
    _flagged(
        "psychosis_history",
        "A psychotic disorder is recorded: weigh that ketamine can cause psychotic symptoms; ketamine clinics "
        "exclude it.",
        f"{_KAP}; {_OXFORD}; {_TELEHEALTH}; {_LONG_TERM}",
    ),
    _flagged(
        "mania_history",
        "A manic episode is recorded: weigh the risk of a manic switch; ketamine clinics exclude it.",
        f"{_KAP}; {_OXFORD}; {_TELEHEALTH}; that a mood may switch [recalled]",
    ),
    _flagged(
        "family_history_psychosis",
        "A psychotic disorder of a first-degree relative is recorded: weigh the patient's own risk of one.",
        _KAP,
    ),
    CautionRule(
        "resting_blood_pressure",
        f"A blood pressure at rest above {RESTING_SYSTOLIC_MMHG}/{RESTING_DIASTOLIC_MMHG} mmHg is recorded: weigh "
        "that a dose raises it further for some hours.",
        f"{_LABEL}; untreated hypertension: {_CAROLINAS}",
        _high_resting_pressure,
    ),
    CautionRule(
        "dose_beyond_route",
        f"A dose above what its route allows ({_ROUTE_LIMITS}) is recorded: weigh whether the record is right, and "
        "sedation and blood pressure if it is.",
        "upper limits for sub-anaesthetic use are our [judgement]",
        lambda record: record.dose_beyond_route,
    ),
    CautionRule(
        "dose_without_route",
        f"A dose above {SMALLEST_LIMIT:g} mg/kg without its route is recorded: weigh whether it is within the limit of "
        f"the route ({_ROUTE_LIMITS}).",
        "upper limits for sub-anaesthetic use are our [judgement]",
        lambda record: record.dose_without_route,
    ),
    CautionRule(
        "session_blood_pressure",
        f"A session with a systolic blood pressure above {PEAK_SYSTOLIC_MMHG} mmHg is recorded: weigh that any dose "
        "can raise it this much.",
        f"any dose: {_LABEL}; the limit: StatPearls, Hypertensive urgency [seen], a convention",
        lambda record: _above(record.peak_systolic_mmhg, PEAK_SYSTOLIC_MMHG),
    ),
    CautionRule(
        "blood_pressure_rise",
        f"A session with a systolic blood pressure {SYSTOLIC_RISE_MMHG} mmHg or more above the one at rest is "
        "recorded: weigh that any dose can raise it this much.",
        _LABEL,
        _pressure_rise,
    ),
    _flagged(
        "uncontrolled_heart_disease",
        "Uncontrolled heart disease is recorded: weigh that a dose raises blood pressure and heart rate.",
        f"{_KAP}; {_CAROLINAS}; {_TELEHEALTH}; {_LONG_TERM}; heart rate [recalled]",
    ),
    _flagged(
        "severe_liver_disease",
        "Severe liver disease is recorded: weigh slower clearance and the harm of repeated doses.",
        f"{_KAP}; {_CAROLINAS}; clearance and repeated doses [recalled]",
    ),
    _flagged(
        "bladder_disease",
        "Bladder disease is recorded: weigh the number of doses; heavy use of ketamine is associated with cystitis.",
        f"{_CAROLINAS}; {_LONG_TERM}",
    ),
    _flagged(
        "active_substance_use",
        "Harmful use of alcohol or drugs in the last three months is recorded: weigh misuse and what is "
        "taken together with a dose.",
        f"{_KAP}; {_OXFORD}; three months: {_TRIAL}",
    ),
    CautionRule(
        "substance_use_disorder",
        "A substance use disorder, or a treatment for one that is still running, is recorded: weigh misuse and "
        "relapse into use.",
        f"{_KAP}; {_TELEHEALTH}; {_LONG_TERM}",
        _substance_use_disorder,
    ),
    _flagged(
        "opioid_use",
        "The use of an opioid is recorded: weigh sedation and breathing; it adds to the effect of a dose.",
        f"{_LABEL}, as a depressant of the nervous system; {_KAP}",
    ),
    CautionRule(
        "maoi_running",
        "A monoamine oxidase inhibitor that is still taken is recorded: weigh a rise in blood pressure.",
        f"{_LABEL}; {_KAP}",
        lambda record: "maoi" in record.running,
    ),
    CautionRule(
        "benzodiazepine_dose",
        f"A daily benzodiazepine above {BENZODIAZEPINE_CAP_MG} mg of diazepam, or as much of another, is recorded: "
        "weigh sedation and a weaker effect of a dose.",
        "excluded by a trial, above lorazepam 2 mg: PMC6884875 [seen]; equivalence: Ashton 2002, WHO 2009 [seen]; "
        f"sedation: {_LABEL}; weaker effect: Andrashko 2020, Feeney 2022 [seen]",
        _benzodiazepine_above_cap,
    ),
    CautionRule(
        "benzodiazepine",
        "A benzodiazepine that is still taken is recorded: weigh sedation; it adds to the effect of a dose.",
        f"{_LABEL}, as a depressant of the nervous system; {_KAP}",
        lambda record: _takes_benzodiazepine(record) and not _benzodiazepine_above_cap(record),
    ),
    CautionRule(
        "personality_disorder",
        "A personality disorder is recorded: weigh its kind and severity; clinics exclude the severe, above all "
        "paranoid and borderline.",
        _KAP,
        _flag("comorbid_personality_disorder"),
    ),
    CautionRule(
        "high_dissociation",
        f"Dissociation above {DISSOCIATION_POINTS} points of the CADSS is recorded: weigh the dose and the care "
        "during a session.",
        "Glue 2018, doi:10.1016/j.jad.2017.09.023 [seen]; that this is high is our [judgement]",
        lambda record: _above(record.dissociation, DISSOCIATION_POINTS),
    ),
    CautionRule(
        "adverse_event",
        "An adverse event at a session is recorded: weigh what it was, and whether it may recur.",
        f"sedation, dissociation, blood pressure: {_LABEL}; that any event is worth a caution is our [judgement]",
        lambda record: record.adverse_event,
    ),
    CautionRule(
        "high_body_mass_index",
        f"A body mass index above {BODY_MASS_INDEX} kg/m2 is recorded: weigh the airway and the strain on the "
        "heart under sedation.",
        f"relative exclusion: {_TRIAL}; airway and heart [recalled]",
        lambda record: _above(record.patient["body_mass_index"], BODY_MASS_INDEX),
    ),
)
"""The rules in the order in which cautions are given: contraindications of esketamine come first."""

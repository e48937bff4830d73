"""What a clinician must weigh comes back as a caution: at its threshold, not below, and without the value."""

import re
from typing import Any

import pytest

from features.definitions.route_dose import ROUTE_DOSES
from features.protocol.columns import TABLES
from serving.prediction import cautions
from serving.prediction.cautions import RULES, cautions_for
from tests.cohorts import parse_table
from tests.places import ROOT
from tests.serving.requests import Document, changed, example, read

README = (ROOT / "serving" / "README.md").read_text(encoding="utf-8")
CODES = [rule.code for rule in RULES]
TODAY = 14


def codes(document: Document) -> list[str]:
    return [caution["code"] for caution in cautions_for(read(document))]


def bare(**parts: Any) -> Document:
    """A record of nothing but its patient's name, with these parts."""
    return {"as_of_day": TODAY, "patient": {"patient_ref": "c1-0042"}} | parts


def patient(**fields: Any) -> Document:
    return bare(patient={"patient_ref": "c1-0042"} | fields)


def dosing(**fields: Any) -> Document:
    return {"session_number": 1, "day": 0, "kind": "dosing"} | fields


def rows(text: str) -> list[dict[str, Any]]:
    """The lines of a text table; ``-`` is not recorded."""
    return [dict(row) for row in parse_table(text)]


FLAGS = """
    field                          code
    ketamine_allergy               ketamine_allergy
    aneurysm_or_brain_haemorrhage  aneurysm_or_brain_haemorrhage
    raised_intracranial_pressure   raised_intracranial_pressure
    pregnant_or_breastfeeding      pregnant_or_breastfeeding
    suicidal_intent                suicidal_intent
    psychosis_history              psychosis_history
    mania_history                  mania_history
    family_history_psychosis       family_history_psychosis
    uncontrolled_heart_disease     uncontrolled_heart_disease
    severe_liver_disease           severe_liver_disease
    bladder_disease                bladder_disease
    active_substance_use           active_substance_use
    opioid_use                     opioid_use
    comorbid_substance_use         substance_use_disorder
    comorbid_personality_disorder  personality_disorder
"""


@pytest.mark.parametrize("line", rows(FLAGS), ids=lambda line: line["field"])
def test_a_flag_gives_its_caution_when_it_is_true_and_only_then(line: dict[str, str]) -> None:
    assert codes(patient(**{line["field"]: True})) == [line["code"]]
    assert codes(patient(**{line["field"]: False})) == []
    assert codes(patient(**{line["field"]: None})) == []


def test_every_flag_of_screening_is_in_the_table_above() -> None:
    flags = {column.name for column in TABLES["patients"] if column.screening and column.kind == "flag"}
    assert flags <= {line["field"] for line in rows(FLAGS)}


THRESHOLDS = """
    field                   value   code
    resting_systolic_mmhg   139     -
    resting_systolic_mmhg   140     -
    resting_systolic_mmhg   141     resting_blood_pressure
    resting_diastolic_mmhg  89      -
    resting_diastolic_mmhg  90      -
    resting_diastolic_mmhg  91      resting_blood_pressure
    benzodiazepine_mg       0       -
    benzodiazepine_mg       0.1     benzodiazepine
    benzodiazepine_mg       19      benzodiazepine
    benzodiazepine_mg       20      benzodiazepine
    benzodiazepine_mg       21      benzodiazepine_dose
    body_mass_index         34      -
    body_mass_index         35      -
    body_mass_index         36      high_body_mass_index
"""
AT_A_SESSION = """
    field               value  code
    peak_systolic_mmhg  179    -
    peak_systolic_mmhg  180    -
    peak_systolic_mmhg  181    session_blood_pressure
    peak_dissociation   39     -
    peak_dissociation   40     -
    peak_dissociation   41     high_dissociation
"""
RISES = """
    resting  first  second  code
    100      139    -       -
    100      140    -       blood_pressure_rise
    100      141    -       blood_pressure_rise
    100      139    120     -
    100      120    140     blood_pressure_rise
    100      -      -       -
    -        140    -       -
"""


def _expected(line: dict[str, str]) -> list[str]:
    return [line["code"]] if "code" in line else []


@pytest.mark.parametrize("line", rows(THRESHOLDS), ids=lambda line: f"{line['field']} {line['value']}")
def test_a_number_of_the_patient_gives_its_caution_above_the_threshold(line: dict[str, str]) -> None:
    assert codes(patient(**{line["field"]: float(line["value"])})) == _expected(line)


@pytest.mark.parametrize("line", rows(AT_A_SESSION), ids=lambda line: f"{line['field']} {line['value']}")
def test_the_highest_value_of_any_session_counts(line: dict[str, str]) -> None:
    own = dosing(**{line["field"]: float(line["value"])})
    lower = dosing(session_number=2, day=7, **{line["field"]: float(line["value"]) - 30})
    unrecorded = dosing(session_number=3, day=9)
    for sessions in ([own], [own, lower, unrecorded], [lower, unrecorded, own]):
        assert codes(bare(sessions=sessions)) == _expected(line)


@pytest.mark.parametrize("line", rows(RISES), ids=lambda line: "/".join(line.values()))
def test_a_rise_is_counted_from_the_pressure_at_rest(line: dict[str, str]) -> None:
    peaks = [float(line[name]) if name in line else None for name in ("first", "second")]
    sessions = [dosing(session_number=n, day=n, peak_systolic_mmhg=peak) for n, peak in enumerate(peaks, start=1)]
    document = bare(sessions=sessions)
    document["patient"]["resting_systolic_mmhg"] = float(line["resting"]) if "resting" in line else None
    assert codes(document) == _expected(line)


def test_an_adverse_event_at_any_session_gives_a_caution() -> None:
    talk = {"session_number": 1, "day": 2, "kind": "psychotherapy"}
    assert codes(bare(sessions=[dosing(), talk | {"adverse_event": True}])) == ["adverse_event"]
    assert codes(bare(sessions=[dosing(adverse_event=False), talk])) == []


@pytest.mark.parametrize(("score", "found"), [(39, []), (40, []), (41, ["high_dissociation"])])
def test_a_rating_of_dissociation_counts_as_well(score: float, found: list[str]) -> None:
    assert codes(bare(assessments=[{"day": 1, "instrument": "cadss", "score": score}])) == found
    assert codes(bare(assessments=[{"day": 1, "instrument": "bdi2", "score": score}])) == []


DOSES = """
    route          dose  code
    intravenous    1.4   -
    intravenous    1.5   -
    intravenous    1.6   dose_beyond_route
    intramuscular  2     -
    intramuscular  2.1   dose_beyond_route
    subcutaneous   2     -
    subcutaneous   2.1   dose_beyond_route
    intranasal     3     -
    intranasal     3.1   dose_beyond_route
    sublingual     10    -
    oral           10    -
    -              1.4   -
    -              1.5   -
    -              1.6   dose_without_route
    intravenous    -     -
"""


@pytest.mark.parametrize("line", rows(DOSES), ids=lambda line: " ".join(line.values()))
def test_a_dose_of_any_session_counts_against_the_limit_of_its_route(line: dict[str, str]) -> None:
    given: Document = {"route": line.get("route"), "dose_mg_per_kg": float(line["dose"]) if "dose" in line else None}
    usual = dosing(session_number=2, day=7, route="intramuscular", dose_mg_per_kg=0.9)
    assert codes(bare(sessions=[dosing(**given), usual])) == _expected(line)
    assert codes(bare(sessions=[dosing(**given | {"day": TODAY + 1})])) == []


def test_the_limits_of_the_caution_are_those_declared() -> None:
    (rule,) = [rule for rule in RULES if rule.code == "dose_beyond_route"]
    for route, dose in ROUTE_DOSES.items():
        assert f"{route} {dose.limit:g}" in rule.message


TREATMENTS = """
    treatment                end_day  outcome      code
    maoi                     -        -            maoi_running
    maoi                     0        -            -
    maoi                     -30      -            -
    benzodiazepine           -        response     benzodiazepine
    benzodiazepine           -1       response     -
    substance_use_treatment  -        -            substance_use_disorder
    substance_use_treatment  -90      remission    -
    ketamine                 -400     intolerance  ketamine_not_tolerated
    ketamine                 -        intolerance  ketamine_not_tolerated
    ketamine                 -400     no_response  -
    ssri                     -        intolerance  -
"""


@pytest.mark.parametrize("line", rows(TREATMENTS), ids=lambda line: " ".join(line.values()))
def test_a_treatment_counts_while_it_runs(line: dict[str, str]) -> None:
    given: Document = {name: line[name] for name in ("treatment", "outcome") if name in line}
    if "end_day" in line:
        given["end_day"] = int(line["end_day"])
    assert codes(bare(prior_treatments=[{"treatment": "cbt", "end_day": -10}, given])) == _expected(line)
    assert codes(bare(prior_treatments=[given, given])) == _expected(line)  # each caution once


def test_a_running_benzodiazepine_adds_nothing_to_a_high_dose() -> None:
    document = patient(benzodiazepine_mg=21) | {"prior_treatments": [{"treatment": "benzodiazepine"}]}
    assert codes(document) == ["benzodiazepine_dose"]
    assert codes(changed(("patient", "benzodiazepine_mg"), 0, document)) == ["benzodiazepine"]


@pytest.mark.parametrize(("diagnosis", "found"), [("substance_use", ["substance_use_disorder"]), ("gad", [])])
def test_the_main_diagnosis_counts_as_well(diagnosis: str, found: list[str]) -> None:
    assert codes(patient(diagnosis=diagnosis)) == found


def test_what_is_not_recorded_gives_no_caution() -> None:
    assert codes(bare()) == []
    assert codes(bare(prior_treatments=[], sessions=[], assessments=[], events=[])) == []
    assert codes(example()) == []


@pytest.mark.parametrize(("day", "found"), [(TODAY - 1, True), (TODAY, True), (TODAY + 1, False)])
def test_the_record_counts_up_to_and_including_today(day: int, found: bool) -> None:
    session = dosing(day=day, adverse_event=True, peak_systolic_mmhg=181, peak_dissociation=41)
    assert codes(bare(sessions=[session])) == (
        ["session_blood_pressure", "high_dissociation", "adverse_event"] if found else []
    )
    rating = {"day": day, "instrument": "cadss", "score": 41}
    assert codes(bare(assessments=[rating])) == (["high_dissociation"] if found else [])


@pytest.mark.parametrize(
    ("ratings", "found"),
    [
        ("phq9 1 before -", False),
        ("phq9 1 before 0", False),
        ("phq9 1 before 1", True),
        ("bdi2 1 before 3", True),
        ("phq9 1 before 2; phq9 2 before 0", False),  # the latest counts
        ("phq9 1 before 2; phq9 2 before -", True),  # a rating without the item says nothing about it
        ("phq9 2 before 0; bdi2 1 before 2", False),
        ("phq9 2 before 0; bdi2 2 before 2", True),  # of two on one day the higher one
        ("phq9 2 before 2; phq9 2 after 0", False),  # after the dose is later
        ("phq9 2 before 0; phq9 2 after 1", True),
        ("phq9 99 before 3", False),  # after today
    ],
)
def test_the_latest_rating_of_item_9_gives_a_caution_when_it_is_above_zero(ratings: str, found: bool) -> None:
    rows = []
    for rating in ratings.split("; "):
        instrument, day, when, item = rating.split()
        row = {"instrument": instrument, "day": int(day), "score": 9, "after_dose": when == "after"}
        rows.append(row | ({} if item == "-" else {"suicidal_thoughts_item": int(item)}))
    for order in (rows, rows[::-1]):
        assert codes(bare(assessments=order)) == (["suicidal_thoughts_item"] if found else [])


def test_events_of_the_course_give_no_caution() -> None:
    for event in ("relapse", "hospitalisation", "withdrawal", "end_of_follow_up"):
        assert codes(bare(events=[{"day": 3, "event": event}])) == []


TOO_MUCH = {"route": "intravenous", "dose_mg_per_kg": 4}


def test_cautions_come_once_each_in_one_order() -> None:
    everything = {column.name: True for column in TABLES["patients"] if column.kind == "flag"}
    document = patient(
        **everything, body_mass_index=36, benzodiazepine_mg=21, resting_systolic_mmhg=141, resting_diastolic_mmhg=91
    )
    document["prior_treatments"] = [
        {"treatment": "maoi"},
        {"treatment": "benzodiazepine"},
        {"treatment": "substance_use_treatment"},
        {"treatment": "ketamine", "outcome": "intolerance"},
    ] * 2
    document["sessions"] = [
        dosing(session_number=n, day=n, peak_systolic_mmhg=182, peak_dissociation=41, adverse_event=True) | TOO_MUCH
        for n in (1, 2)
    ]
    document["sessions"] += [dosing(session_number=n, day=n, route=None, dose_mg_per_kg=2) for n in (3, 4)]
    document["assessments"] = [{"day": 1, "instrument": "phq9", "score": 9, "suicidal_thoughts_item": 1}]
    assert codes(document) == [code for code in CODES if code != "benzodiazepine"]
    assert len(set(CODES)) == len(CODES)
    backwards = document | {"sessions": document["sessions"][::-1]}
    assert codes(backwards | {"prior_treatments": document["prior_treatments"][::-1]}) == codes(document)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_caution_says_what_to_weigh_and_on_whose_word(rule: cautions.CautionRule) -> None:
    assert re.search(r"recorded(, a contraindication of esketamine)?: weigh ", rule.message)
    assert rule.message.endswith(".")
    assert re.search(r"\[(seen|judgement)\]", rule.source)
    assert not re.search(r"\b(must|should|do not|don't|stop|start|treat with)\b", rule.message)


def test_a_caution_never_repeats_a_value() -> None:
    """Two patients who meet a rule get the same words; values that occur nowhere else stand in neither."""
    one, other = (
        patient(resting_systolic_mmhg=a, resting_diastolic_mmhg=b, benzodiazepine_mg=c, body_mass_index=d)
        | {"sessions": [dosing(peak_systolic_mmhg=e, peak_dissociation=f)]}
        for a, b, c, d, e, f in ((153.25, 97.25, 33.25, 47.25, 197.25, 57.25), (163, 103, 63, 73, 233, 83))
    )
    assert cautions_for(read(one)) == cautions_for(read(other))
    assert len(cautions_for(read(one))) == 6
    assert ".25" not in str(cautions_for(read(one)))


def test_the_guide_explains_every_caution_in_the_order_of_the_answer() -> None:
    section = README.split("### Cautions\n")[1].split("\n### ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert listed == CODES
    for fields in re.findall(r"^\| `\w+` \| (.*?) \|", section, flags=re.MULTILINE):
        assert re.search(r"`\w+`", fields)


@pytest.mark.parametrize(
    ("code", "threshold"),
    [
        ("resting_blood_pressure", cautions.RESTING_SYSTOLIC_MMHG),
        ("resting_blood_pressure", cautions.RESTING_DIASTOLIC_MMHG),
        ("session_blood_pressure", cautions.PEAK_SYSTOLIC_MMHG),
        ("blood_pressure_rise", cautions.SYSTOLIC_RISE_MMHG),
        ("benzodiazepine_dose", cautions.BENZODIAZEPINE_CAP_MG),
        ("high_dissociation", cautions.DISSOCIATION_POINTS),
        ("high_body_mass_index", cautions.BODY_MASS_INDEX),
    ],
)
def test_message_and_guide_have_the_threshold_that_is_used(code: str, threshold: int) -> None:
    (rule,) = [rule for rule in RULES if rule.code == code]
    (line,) = re.findall(rf"^\| `{code}` \|.*$", README, flags=re.MULTILINE)
    assert re.search(rf"\b{threshold}\b", rule.message)
    assert re.search(rf"\b{threshold}\b", line)

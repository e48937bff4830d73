"""Conditions as main diagnosis, comorbidities and flags: what a code and a status say, and no more."""

from typing import Any

import pytest

from features.protocol.document import Covariate, Protocol
from serving.fhir.reading.conditions import read_conditions
from serving.fhir.reading.diagnoses import HOW_TO_TELL
from tests.serving.fhir.reading.charts import ICD, LOINC, OWN, SNOMED_CT, TODAY, Resource, coded, observation, read

GAD, SOCIAL, PTSD, DEPRESSION, ALCOHOL, OTHER = "F41.1", "F40.10", "F43.10", "F33.1", "F10.20", "F40.218"


def condition(code: str, clinical: str = "active", verification: str = "confirmed", **elements: Any) -> Resource:
    """A Condition with an ICD-10-CM code; a blank status is not sent."""
    made: Resource = {"resourceType": "Condition", "code": coded((ICD, code)), **elements}
    if clinical:
        made["clinicalStatus"] = coded(("http://terminology.hl7.org/CodeSystem/condition-clinical", clinical))
    if verification:
        made["verificationStatus"] = coded(("http://terminology.hl7.org/CodeSystem/condition-ver-status", verification))
    return made


MAIN = {
    "F41.1": "diagnosis=gad",
    "F33.1": "diagnosis=depression",
    "F10.20": "diagnosis=substance_use",
    "F40.218": "diagnosis=other",
    "F41.1 F33.1": "diagnosis=gad comorbid_depression=True",
    "F41.1 F10.20 F33.1": "diagnosis=gad comorbid_depression=True comorbid_substance_use=True",
    "F41.1 F60.3": "diagnosis=gad comorbid_personality_disorder=True",
    "F43.10 F33.1": "diagnosis=ptsd comorbid_depression=True",
    "F41.1 F41.1": "diagnosis=gad",
    "F41.1 F40.218": "diagnosis=gad",
    "F41.1 F43.10": "",
    "F41.1 F40.10 F33.1": "comorbid_depression=True",
    "F33.1 F10.20": "",
    "F41.1 F20.0": "diagnosis=gad psychosis_history=True",
    "F33.3": "diagnosis=depression psychosis_history=True",
    "E11.9": "",
}


@pytest.mark.parametrize("codes", MAIN)
def test_the_main_diagnosis_is_the_only_one_that_may_be_it(codes: str) -> None:
    chart = read(read_conditions, *(condition(code) for code in codes.split()))
    expected = dict(cell.split("=") for cell in MAIN[codes].split())
    assert {name: str(value) for name, value in chart.cells.items()} == expected
    assert not chart.refused
    assert {"r0", "r1"} & set(chart.unused) == {
        f"r{number}" for number in range(2) if not any(row.expression == f"r{number}" for row in chart.rows)
    } & {f"r{number}" for number in range(len(codes.split()))}


def test_who_says_which_condition_is_treated_gets_its_diagnosis() -> None:
    both = condition(GAD, id="a"), condition(PTSD, id="b")
    chart = read(read_conditions, *both)
    assert set(chart.unused.values()) == {HOW_TO_TELL}
    assert read(read_conditions, *both, main_condition="Condition/a").cells == {
        "diagnosis": "gad",
        "comorbid_ptsd": True,
    }
    assert read(read_conditions, *both, main_condition="Condition/b").cells == {"diagnosis": "ptsd"}


@pytest.mark.parametrize(
    ("reference", "place"),
    [("Condition/none", "Condition"), ("Condition/old", "r1"), ("Condition/fever", "r2"), ("Observation/o", "r3")],
)
def test_a_condition_that_is_treated_must_be_a_current_diagnosis(reference: str, place: str) -> None:
    chart = read(
        read_conditions,
        condition(GAD, id="a"),
        condition(PTSD, "resolved", id="old"),
        condition("R50.9", id="fever"),
        observation(LOINC, "70274-6", valueInteger=3, id="o"),
        main_condition=reference,
    )
    assert list(chart.refused) == [place]


def test_an_observed_main_diagnosis_decides_what_is_comorbid() -> None:
    main = observation(OWN, "diagnosis", valueCodeableConcept=coded((OWN, "ocd")))
    chart = read(read_conditions, condition(DEPRESSION), main)
    assert chart.cells == {"comorbid_depression": True}


STATES = """
active      confirmed         gad  True
recurrence  confirmed         gad  True
relapse     confirmed         gad  True
-           confirmed         gad  True
active      -                 gad  True
remission   confirmed         -    True
resolved    confirmed         -    True
inactive    confirmed         -    True
active      provisional       -    -
active      differential      -    -
active      unconfirmed       -    -
active      entered-in-error  -    -
-           entered-in-error  -    -
active      refuted           -    -
"""


@pytest.mark.parametrize("line", STATES.strip().splitlines())
def test_a_condition_counts_by_its_status(line: str) -> None:
    """A diagnosis must be there now; a psychosis counts from any time, once it is confirmed."""
    clinical, verification, diagnosis, psychosis = (
        word.replace("-", "") if word == "-" else word for word in line.split()
    )
    chart = read(read_conditions, condition(GAD, clinical, verification), condition("F20.0", clinical, verification))
    assert str(chart.cells.get("diagnosis", "")) == diagnosis
    assert str(chart.cells.get("psychosis_history", "")) == psychosis
    assert len(chart.rows) + len(chart.unused) == 2


@pytest.mark.parametrize(
    ("abated", "is_there"),
    [({}, True), ({"abatementDateTime": "2020-01-01"}, False), ({"abatementString": "long ago"}, False)],
)
def test_without_a_status_an_end_says_that_a_condition_is_over(abated: Resource, is_there: bool) -> None:
    chart = read(read_conditions, condition("Z34.90", clinical="", **abated))
    assert chart.cells == ({"pregnant_or_breastfeeding": True} if is_there else {})


BY_DAY_0 = """
active     -           -           gad  True
active     2026-10-01  -           gad  True
active     2026-10-02  -           -    -
resolved   -           2026-10-01  -    -
resolved   -           2026-10-02  gad  True
remission  -           2026-11-20  gad  True
resolved   2026-10-02  2026-10-03  -    -
"""


@pytest.mark.parametrize("line", BY_DAY_0.strip().splitlines())
def test_a_diagnosis_is_that_of_day_0_whatever_the_course_made_of_it(line: str) -> None:
    """A patient who remits has had the diagnosis; one who falls ill in the course had none before it."""
    clinical, onset, abated, diagnosis, personality = (
        word.replace("-", "") if word == "-" else word for word in line.split()
    )
    dates = ({"onsetDateTime": onset} if onset else {}) | ({"abatementDateTime": abated} if abated else {})
    chart = read(read_conditions, condition(GAD, clinical, **dates), condition("F60.3", clinical, **dates))
    assert chart.cells.get("diagnosis", "") == diagnosis
    assert str(chart.cells.get("comorbid_personality_disorder", "")) == personality
    assert "onset_date" not in chart.cells or onset


def test_a_comorbidity_that_began_in_the_course_is_none_of_day_0() -> None:
    later = condition(PTSD, onsetDateTime="2026-10-15", id="later")
    assert read(read_conditions, condition(GAD), later).cells == {"diagnosis": "gad"}
    assert list(read(read_conditions, later, main_condition="Condition/later").refused) == ["r0"]


@pytest.mark.parametrize(("abated", "is_there"), [("2026-11-20", None), ("2026-11-21", True)])
def test_a_caution_is_of_today_and_an_end_after_it_is_not_known(abated: str, is_there: bool | None) -> None:
    chart = read(read_conditions, condition("I20.0", "resolved", abatementDateTime=abated))
    assert chart.cells.get("uncontrolled_heart_disease") is is_there
    later = read(read_conditions, condition("I20.0", onsetDateTime="2026-11-19"))
    assert later.cells == {"uncontrolled_heart_disease": True}


@pytest.mark.parametrize("element", ["recordedDate", "onsetDateTime"])
@pytest.mark.parametrize(("date", "is_now"), [("2026-02-13", True), ("2026-02-12", False), ("2012", False)])
def test_a_pregnancy_of_long_ago_is_over_whatever_the_list_says(element: str, date: str, is_now: bool) -> None:
    """The 13th of February is 280 days before today."""
    chart = read(read_conditions, condition("Z33.1", **{element: date}))
    assert chart.cells == ({"pregnant_or_breastfeeding": True} if is_now else {})
    assert bool(chart.unused) == (not is_now)


@pytest.mark.parametrize("vague", ["370143000", "35489007"])
def test_a_code_of_a_remission_goes_before_a_vaguer_one_beside_it(vague: str) -> None:
    both = condition("F33.42") | {"code": coded((ICD, "F33.42"), (SNOMED_CT, vague))}
    chart = read(read_conditions, both)
    assert (chart.cells, list(chart.unused)) == ({}, ["r0"])
    psychotic = condition("F33.42") | {"code": coded((ICD, "F33.42"), (SNOMED_CT, "28475009"))}
    assert read(read_conditions, psychotic).cells == {"psychosis_history": True}


GERMAN = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"


def german(code: str, certainty: str, verification: str = "", system: str = GERMAN) -> Resource:
    """A Condition in ICD-10-GM with its certainty, as German systems send it; they often send no other state."""
    kbv = "https://fhir.kbv.de/CodeSystem/KBV_CS_SFHIR_ICD_DIAGNOSESICHERHEIT"
    url = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"
    made = condition(code, "", verification) | {"code": coded((system, code))}
    if certainty:
        extension = {"url": url, "valueCoding": {"system": kbv, "code": certainty}}
        made["code"]["coding"][0]["extension"] = [extension]
    return made


CERTAINTIES: dict[tuple[str, str], Resource] = {
    ("F41.1", "G"): {"diagnosis": "gad"},
    ("F41.1", ""): {"diagnosis": "gad"},
    ("F41.1", "V"): {},
    ("F41.1", "A"): {},
    ("F41.1", "Z"): {},
    ("F43.1", "A"): {"comorbid_ptsd": False},
    ("F20.0", "Z"): {"psychosis_history": True},
    ("F20.0", "V"): {},
    ("F20.0", "A"): {},
    ("I67.10", "G"): {"aneurysm_or_brain_haemorrhage": True},
    ("O09.2", "G"): {"pregnant_or_breastfeeding": True},
}


@pytest.mark.parametrize(("code", "certainty"), CERTAINTIES)
@pytest.mark.parametrize("system", [GERMAN, "http://fhir.de/CodeSystem/dimdi/icd-10-gm"])
def test_the_certainty_of_a_german_code_counts(code: str, certainty: str, system: str) -> None:
    """Certain (G), suspected (V), excluded (A), or the state after it (Z)."""
    chart = read(read_conditions, german(code, certainty, system=system))
    assert chart.cells == CERTAINTIES[code, certainty]
    assert bool(chart.unused) == (not chart.cells)


@pytest.mark.parametrize(("certainty", "is_one"), [("G", True), ("Z", True), ("V", False), ("A", False)])
def test_a_confirmed_condition_is_not_suspected_or_excluded_too(certainty: str, is_one: bool) -> None:
    refused = read(read_conditions, german("F41.1", certainty, "confirmed")).refused
    assert refused == ({} if is_one else {"r0.verificationStatus": "invariant"})


def snomed(code: str, verification: str) -> Resource:
    return condition(GAD, "", verification) | {"code": coded((SNOMED_CT, code))}


REFUTED = {
    "47505003": {"comorbid_ptsd": False},
    "35489007": {"comorbid_depression": False},
    "370143000": {"comorbid_depression": False},
    "66214007": {"comorbid_substance_use": False},
    "33449004": {"comorbid_personality_disorder": False},
    "69322001": {"psychosis_history": False},
    "58214004": {},
    "20010003": {},
    "78667006": {},
    "21897009": {},
}


@pytest.mark.parametrize("code", REFUTED)
def test_a_refuted_condition_makes_a_flag_false_only_if_its_code_is_all_of_it(code: str) -> None:
    """Schizophrenia that was ruled out does not say that there was no other psychosis."""
    chart = read(read_conditions, snomed(code, "refuted"))
    assert chart.cells == REFUTED[code]
    assert len(chart.unused) == (not REFUTED[code])


def test_two_codings_of_one_diagnosis_are_one_and_of_two_are_refused() -> None:
    both = condition(GAD) | {"code": coded((ICD, GAD), (SNOMED_CT, "21897009"), ("http://example.org", "x"))}
    assert read(read_conditions, both).cells == {"diagnosis": "gad"}
    vague = condition(GAD) | {"code": coded((ICD, "F41.9"), (SNOMED_CT, "21897009"))}
    assert read(read_conditions, vague).cells == {"diagnosis": "gad"}
    other = condition(GAD) | {"code": coded((ICD, GAD), (SNOMED_CT, "47505003"))}
    assert read(read_conditions, other).refused == {"r0.code": "code-invalid"}


NOT_USED = {
    "F41.9": "the code does not say which anxiety disorder it is",
    "I20.9": "the code does not say that the heart disease is out of control",
    "K74.60": "the code does not say how severe the liver disease is",
    "R45.851": "the code says neither a suicidal intent now nor a recent attempt",
    "Z81.1": "the code does not say that the relative is a first-degree one",
    "F31.9": "the code does not say that there was a manic episode",
    "E11.9": "its code is not one of the terminology",
}


@pytest.mark.parametrize("code", NOT_USED)
def test_what_a_code_does_not_say_is_not_used_and_said(code: str) -> None:
    chart = read(read_conditions, condition(code))
    assert (chart.rows, chart.unused) == ([], {"r0": NOT_USED[code]})


def test_a_condition_without_a_code_is_left_out() -> None:
    bare = condition(GAD) | {"code": {"text": "worries a lot"}}
    assert read(read_conditions, bare).unused == {"r0": "it has no code"}


@pytest.mark.parametrize(("element", "shown"), [("onsetDateTime", "r0.onset"), ("recordedDate", "r0.recordedDate")])
@pytest.mark.parametrize(
    ("date", "is_read"), [("2026-11-20", True), ("2026-11-21", False), ("2026", True), ("2027", False)]
)
def test_nothing_dated_after_today_is_used(element: str, shown: str, date: str, is_read: bool) -> None:
    chart = read(read_conditions, condition(GAD, **{element: date}), first_dose=TODAY)
    assert ("diagnosis" in chart.cells) == is_read
    assert (shown in chart.unused) == (not is_read)


BIRTH = {"resourceType": "Patient", "birthDate": "1980-05-17"}
ONSETS: dict[str, tuple[Resource, str | None]] = {
    "a date": ({"onsetDateTime": "2016-03-01"}, "2016-03-01"),
    "a year, left to the assembly": ({"onsetDateTime": "2016"}, "2016"),
    "the start of a period": ({"onsetPeriod": {"start": "2016-03-01", "end": "2016-06-01"}}, "2016-03-01"),
    "an age in years": ({"onsetAge": {"value": 30, "system": "http://unitsofmeasure.org", "code": "a"}}, "2010-05-17"),
    "an age in months": ({"onsetAge": {"value": 360, "system": "http://unitsofmeasure.org", "code": "mo"}}, None),
    "half a year": ({"onsetAge": {"value": 30.5, "system": "http://unitsofmeasure.org", "code": "a"}}, None),
    "words": ({"onsetString": "as a child"}, None),
    "a range": ({"onsetRange": {"low": {"value": 20}}}, None),
}


@pytest.mark.parametrize("kind", ONSETS)
def test_the_onset_of_the_main_diagnosis_is_read_where_it_has_a_date(kind: str) -> None:
    onset, expected = ONSETS[kind]
    chart = read(read_conditions, condition(GAD, **onset), BIRTH)
    assert chart.cells.get("onset_date") == expected
    assert ("r0.onset" in chart.unused) == (expected is None)


def test_an_age_at_onset_needs_the_date_of_birth() -> None:
    aged = condition(GAD, onsetAge={"value": 30, "unit": "years"})
    assert "onset_date" not in read(read_conditions, aged, BIRTH | {"birthDate": "1980-05"}).cells
    assert "onset_date" not in read(read_conditions, aged).cells


def test_of_two_onsets_the_first_counts_and_a_comorbiditys_does_not() -> None:
    chart = read(
        read_conditions,
        condition(GAD, onsetDateTime="2019-01-01"),
        condition(GAD, onsetDateTime="2012-01-01"),
        condition(DEPRESSION, onsetDateTime="2001-01-01"),
    )
    assert chart.cells["onset_date"] == "2012-01-01"
    assert list(chart.unused) == ["r0.onset"]


def test_a_flag_is_no_number_of_a_study() -> None:
    counted = Covariate("childhood_trauma", "number", "items of a trauma scale", 0, 28)
    history = condition("Z62.811")
    assert read(read_conditions, history).cells == {"childhood_trauma": True}
    chart = read(read_conditions, history, protocol=Protocol(covariates=(counted,)))
    assert (chart.cells, chart.unused) == ({}, {"r0": "this study records no such flag"})

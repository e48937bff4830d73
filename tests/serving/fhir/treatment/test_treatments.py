"""Earlier treatments: which medications, procedures and stays count, when they began and ended, what they achieved."""

from typing import Any

import pytest

from tests.serving.fhir.resources import (
    ATC,
    EXTENSIONS,
    LOINC,
    PATIENT,
    RXNORM,
    SNOMED_CT,
    bundle,
    coded,
    ketamine,
    parameters,
    patient,
    places,
    procedure,
    quantity,
    read,
    request,
    rows,
    statement,
    unused,
)

DOSE = ketamine("2026-01-05")
AT = "Bundle.entry[2].resource"
PAST = {"start": "2025-01-05", "end": "2025-07-05"}
"""365 and 184 days before day 0."""


def treatments(*resources: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(read(bundle(patient(), DOSE, *resources)), "prior_treatments")


def reason(resource: dict[str, Any]) -> str:
    """Why a resource after the patient and the dose was left out."""
    return unused(read(bundle(patient(), DOSE, resource)))[AT]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": "active", "effectivePeriod": {"start": "2025-01-05"}}, {"start_day": -365}),
        ({"status": "on-hold", "effectivePeriod": {"start": "2025-01-05"}}, {"start_day": -365}),
        ({"status": "completed", "effectivePeriod": PAST}, {"start_day": -365, "end_day": -184}),
        ({"status": "stopped", "effectivePeriod": PAST}, {"start_day": -365, "end_day": -184}),
        ({"status": "active", "effectivePeriod": {"start": "2025-01-05", "end": "2027-01-05"}}, {"start_day": -365}),
        ({"status": "active", "effectiveDateTime": "2025-01-05"}, {"start_day": -365}),
        ({"status": "active", "effectivePeriod": {"start": "2019"}}, {}),
        ({"effectivePeriod": {"start": "2019-02-01", "end": "2019-05"}}, {"start_day": -2530, "end_day": -2411}),
        (
            {"effectivePeriod": {"start": "2025-01-05"}, "dateAsserted": "2025-12-31"},
            {"start_day": -365, "end_day": -5},
        ),
        ({"effectivePeriod": {"start": "2025-01-05"}}, {"start_day": -365, "end_day": 0}),
        ({"effectivePeriod": {"start": "2026-01-04", "end": "2026-01-05"}}, {"start_day": -1, "end_day": 0}),
        ({"effectivePeriod": {"start": "2026-01-04", "end": "2026-01-06"}}, {"start_day": -1}),
    ],
)
def test_the_days_of_a_medication(more: dict[str, Any], expected: dict[str, Any]) -> None:
    assert treatments(statement("s", **more)) == [{"treatment": "ssri"} | expected]


@pytest.mark.parametrize("end", ["2019-05", "2019"])
def test_an_incomplete_end_is_its_last_day_and_said(end: str) -> None:
    record = read(bundle(patient(), DOSE, statement("s", effectivePeriod={"start": "2019-02-01", "end": end})))
    assert "last day" in unused(record)[f"{AT}.effective.end"]


@pytest.mark.parametrize("status", ["not-taken", "intended", "entered-in-error", "unknown"])
def test_a_medication_that_was_not_taken_is_no_treatment(status: str) -> None:
    assert reason(statement("s", status=status, effectivePeriod=PAST)) == f"its status is {status}"


@pytest.mark.parametrize(
    ("start", "counts"), [("2026-01-04", True), ("2026-01-05", False), ("2026", False), ("2025", True)]
)
def test_a_treatment_that_may_begin_on_or_after_day_0_is_no_earlier_one(start: str, counts: bool) -> None:
    found = statement("s", status="active", effectivePeriod={"start": start})
    assert bool(treatments(found)) == counts
    if not counts:
        assert "day" in reason(found)


@pytest.mark.parametrize(
    ("medication", "expected"),
    [
        ({"medicationCodeableConcept": coded(ATC, "N06AX16")}, ["snri"]),
        (
            {
                "medicationReference": {"reference": "#m"},
                "contained": [{"resourceType": "Medication", "id": "m", "code": coded(ATC, "N05BE01")}],
            },
            ["buspirone"],
        ),
        ({"medicationReference": {"reference": "Medication/other"}}, []),
        ({"medicationCodeableConcept": {"text": "sertraline"}}, []),
        ({"medicationCodeableConcept": coded(RXNORM, "1")}, []),
        (
            {
                "medicationReference": {"reference": "#m"},
                "contained": [
                    {
                        "resourceType": "Medication",
                        "id": "m",
                        "ingredient": [{"itemCodeableConcept": coded(RXNORM, code)} for code in ("61381", "4493")],
                    }
                ],
            },
            ["antipsychotic", "ssri"],
        ),
    ],
)
def test_a_medication_is_what_its_codes_or_ingredients_say(medication: dict[str, Any], expected: list[str]) -> None:
    found = statement("s", effectivePeriod=PAST)
    del found["medicationCodeableConcept"]
    assert [one["treatment"] for one in treatments(found | medication)] == expected


def test_a_medication_in_the_bundle_is_found_and_used() -> None:
    found = statement("s", effectivePeriod=PAST)
    del found["medicationCodeableConcept"]
    medication = {"resourceType": "Medication", "id": "m", "code": coded(RXNORM, "36437")}
    record = read(bundle(patient(), DOSE, found | {"medicationReference": {"reference": "Medication/m"}}, medication))
    assert {"MedicationStatement/s", "Medication/m"} <= set(record.basis)


def test_codes_of_one_medication_that_mean_different_classes_are_refused() -> None:
    both = {"coding": [*coded(RXNORM, "36437")["coding"], *coded(ATC, "N05BE01")["coding"]]}
    body = bundle(patient(), DOSE, statement("s", effectivePeriod=PAST, medicationCodeableConcept=both))
    assert places(body) == [f"{AT}.medication"]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, True),
        ({"status": "completed"}, True),
        ({"status": "draft"}, False),
        ({"status": "cancelled"}, False),
        ({"intent": "plan"}, False),
        ({"intent": "plan", "reportedBoolean": False}, False),
        ({"intent": "plan", "reportedBoolean": True}, True),
        ({"intent": "plan", "reportedReference": PATIENT}, True),
        ({"intent": "proposal"}, False),
        ({"intent": "instance-order"}, True),
        ({"doNotPerform": True}, False),
    ],
)
def test_a_prescription_counts_if_it_was_ordered(more: dict[str, Any], counts: bool) -> None:
    assert bool(treatments(request("r", authoredOn="2025-01-05", **more))) == counts


def test_prescriptions_of_one_substance_are_one_treatment_and_a_statement_says_more() -> None:
    renewals = [request(f"r{month}", authoredOn=f"2025-{month:02}-05", status="completed") for month in (1, 2, 3)]
    running = request("r4", authoredOn="2025-04-05")
    assert treatments(*renewals, running) == [{"treatment": "ssri", "start_day": -365}]
    record = read(bundle(patient(), DOSE, *renewals, running, statement("s", effectivePeriod=PAST)))
    assert rows(record, "prior_treatments") == [{"treatment": "ssri", "start_day": -365, "end_day": -184}]
    assert [place for place, why in unused(record).items() if "statement" in why] == [
        f"Bundle.entry[{n}].resource" for n in (2, 3, 4, 5)
    ]


def test_the_bounds_of_a_prescription_count_before_the_day_of_writing() -> None:
    timing = {"timing": {"repeat": {"boundsPeriod": PAST}}}
    found = treatments(request("r", authoredOn="2024-12-01", status="completed", dosageInstruction=[timing]))
    assert found == [{"treatment": "ssri", "start_day": -365, "end_day": -184}]


def test_ketamine_of_the_course_is_no_earlier_treatment() -> None:
    assert "course itself" in reason(request("r", "6130", authoredOn="2025-12-20"))
    earlier = statement("s", "6130", effectivePeriod=PAST)
    assert treatments(earlier) == [{"treatment": "ketamine", "start_day": -365, "end_day": -184}]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, False),
        ({"dateAsserted": "2026-02-20"}, False),
        ({"dateAsserted": "2026-01-05"}, False),
        ({"dateAsserted": "2026-01-04"}, True),
    ],
)
def test_ketamine_that_is_over_today_may_be_the_course_and_is_an_earlier_one_only_if_it_ended_before(
    more: dict[str, Any], counts: bool
) -> None:
    """An order for the course is completed when the course is: that is no earlier treatment with ketamine."""
    found = statement("s", "6130", effectivePeriod={"start": "2026-01-02"}, **more)
    assert bool(treatments(found)) == counts
    assert "course itself" in reason(request("r", "6130", authoredOn="2026-01-02", status="completed"))


@pytest.mark.parametrize(("end", "outcome"), [("2026-01-05", "no_response"), ("2026-01-06", None)])
def test_what_a_treatment_achieved_that_ended_after_day_0_was_not_known_on_it(end: str, outcome: str | None) -> None:
    period = {"start": "2025-01-05", "end": end}
    found = statement("s", status="stopped", effectivePeriod=period, statusReason=[coded(SNOMED_CT, "395007004")])
    record = read(bundle(patient(), DOSE, found))
    assert rows(record, "prior_treatments")[0].get("outcome") == outcome
    assert (f"{AT}.statusReason" in unused(record)) == (outcome is None)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"statusReason": [coded(SNOMED_CT, "395009001")]}, {"outcome": "intolerance"}),
        ({"statusReason": [coded(SNOMED_CT, "395007004")]}, {"outcome": "no_response"}),
        ({"statusReason": [coded(SNOMED_CT, "1")]}, {}),
        (
            {"extension": [{"url": f"{EXTENSIONS}/treatment-outcome", "valueCode": "remission"}]},
            {"outcome": "remission"},
        ),
        ({"extension": [{"url": f"{EXTENSIONS}/adequate", "valueBoolean": False}]}, {"adequate": False}),
    ],
)
def test_what_a_treatment_achieved(more: dict[str, Any], expected: dict[str, Any]) -> None:
    (found,) = treatments(statement("s", effectivePeriod=PAST, **more))
    assert {name: value for name, value in found.items() if name in ("outcome", "adequate")} == expected


@pytest.mark.parametrize("name", ["valueCode", "valueString"])
def test_an_outcome_that_a_record_does_not_have_is_refused(name: str) -> None:
    more: dict[str, Any] = {"extension": [{"url": f"{EXTENSIONS}/treatment-outcome", name: "better"}]}
    assert places(bundle(patient(), DOSE, statement("s", effectivePeriod=PAST, **more))) == [f"{AT}.extension"]


def test_the_outcome_of_a_procedure_is_read() -> None:
    found = procedure("c", "228557008", performedPeriod=PAST, outcome=coded(SNOMED_CT, "385669000"))
    assert treatments(found) == [{"treatment": "cbt", "start_day": -365, "end_day": -184, "outcome": "response"}]


def test_sessions_of_a_procedure_at_most_90_days_apart_are_one_treatment() -> None:
    dates = ("2024-01-01", "2024-01-08", "2024-04-07", "2024-07-07")  # 90 and 91 days before the last two
    found = treatments(*(procedure(f"e{n}", "23835007", performedDateTime=date) for n, date in enumerate(dates)))
    assert [(one["treatment"], one["start_day"], one["end_day"]) for one in found] == [
        ("ect", -735, -638),
        ("ect", -547, -547),
    ]


def test_a_series_that_reaches_day_0_counts_as_far_as_it_was_before() -> None:
    dates = ("2026-01-04", "2026-01-05")
    record = read(bundle(patient(), DOSE, *(procedure(d, "23835007", performedDateTime=d) for d in dates)))
    assert rows(record, "prior_treatments") == [{"treatment": "ect", "start_day": -1, "end_day": -1}]
    assert "day 0" in unused(record)["Bundle.entry[3].resource"]


@pytest.mark.parametrize("status", ["preparation", "not-done", "entered-in-error", "on-hold", "unknown"])
def test_a_procedure_that_did_not_take_place_is_no_treatment(status: str) -> None:
    assert "did not take place" in reason(procedure("e", "23835007", status=status, performedDateTime="2024-01-01"))


def stay(own: str, start: str, end: str = "", reason_code: str = "F41.1", kind: str = "IMP") -> dict[str, Any]:
    period = {"start": start} | ({"end": end} if end else {})
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    reasons = [coded("http://hl7.org/fhir/sid/icd-10-cm", reason_code)]
    return {
        "resourceType": "Encounter",
        "id": own,
        "status": "finished" if end else "in-progress",
        "class": {"system": system, "code": kind},
        "subject": PATIENT,
        "period": period,
        "reasonCode": reasons,
    }


def test_psychiatric_inpatient_stays_are_treatments_before_day_0_and_events_after() -> None:
    assert treatments(stay("e", "2025-01-05", "2025-07-05")) == [
        {"treatment": "inpatient", "start_day": -365, "end_day": -184}
    ]
    record = read(bundle(patient(), DOSE, stay("e", "2026-01-12")))
    assert rows(record, "events") == [{"day": 7, "event": "hospitalisation"}]


ICD = "http://hl7.org/fhir/sid/icd-10-cm"
LISTED = {
    "main F33.1": True,
    "main K35.80": False,
    "1 K35.80, 2 F33.1": False,
    "1 F33.1, 2 K35.80": True,
    "2 F33.1, 1 K35.80": False,
    "K35.80, CM F33.1": False,
    "F33.1, CM K35.80": True,
    "K35.80, F33.1": False,
    "F33.1, F41.1": True,
}


@pytest.mark.parametrize("diagnoses", LISTED)
def test_a_stay_is_psychiatric_by_what_it_was_for(diagnoses: str) -> None:
    """A stay for an appendicitis (K35.80) of a patient with a depression (F33.1) is none, whatever else it lists."""
    conditions, listed = [], []
    for number, (use, code) in enumerate(one.rpartition(" ")[::2] for one in diagnoses.split(", ")):
        condition = {"resourceType": "Condition", "id": f"c{number}", "subject": PATIENT, "code": coded(ICD, code)}
        entry: dict[str, Any] = {"condition": {"reference": f"Condition/c{number}"}}
        entry |= {"rank": int(use)} if use.isdigit() else {}
        entry |= {"use": coded("http://terminology.hl7.org/CodeSystem/diagnosis-role", use)} if use == "CM" else {}
        conditions.append(condition)
        listed.append(entry)
    found = stay("e", "2026-01-12") | {"diagnosis": listed}
    del found["reasonCode"]
    record = read(bundle(patient(), DOSE, *conditions, found))
    assert bool(rows(record, "events")) == LISTED[diagnoses]


@pytest.mark.parametrize(("status", "expected"), [("completed", {"end_day": -2197}), ("in-progress", {})])
def test_a_procedure_of_a_year_ended_in_it_unless_it_goes_on(status: str, expected: dict[str, int]) -> None:
    """The last day of 2019 is 2,197 days before day 0."""
    found = procedure("c", "228557008", status=status, performedDateTime="2019")
    assert treatments(found) == [{"treatment": "cbt"} | expected]


@pytest.mark.parametrize(
    "found", [stay("e", "2025-01-05", "2025-07-05", "K35.80"), stay("e", "2025-01-05", "2025-07-05", kind="AMB")]
)
def test_other_encounters_are_left_out(found: dict[str, Any]) -> None:
    assert "inpatient" in reason(found)


@pytest.mark.parametrize(
    ("status", "start", "expected"),
    [("active", "2025-01-05", True), ("on-hold", "2025-01-05", None), ("completed", "2025-01-05", None)],
)
def test_an_opioid_counts_while_it_is_taken_by_its_status(status: str, start: str, expected: bool | None) -> None:
    record = read(bundle(patient(), DOSE, statement("s", "7804", status=status, effectivePeriod={"start": start})))
    assert record.request.patient.model_dump()["opioid_use"] is expected


@pytest.mark.parametrize(
    ("start", "expected"), [("2026-01-05", True), ("2026", True), ("2026-03-01", True), ("2026-03-02", None)]
)
def test_an_opioid_that_is_taken_today_counts_whenever_it_began(start: str, expected: bool | None) -> None:
    """Day 0 is the 5th of January, and today the 1st of March."""
    for found in (
        request("r", "7804", authoredOn=start),
        statement("r", "7804", status="active", effectivePeriod={"start": start}),
    ):
        record = read(bundle(patient(), DOSE, found))
        assert record.request.patient.model_dump()["opioid_use"] is expected
        assert (AT in unused(record)) == (expected is None)
        assert not record.request.prior_treatments


def test_an_opioid_that_was_stopped_once_and_is_prescribed_again_is_taken() -> None:
    before = statement("s", "7804", status="stopped", effectivePeriod=PAST)
    record = read(bundle(patient(), DOSE, before, request("r", "7804", authoredOn="2026-02-01")))
    assert record.request.patient.model_dump()["opioid_use"] is True


@pytest.mark.parametrize(
    ("end", "expected"), [("2026-01-04", None), ("2026-01-05", None), ("2026-01-06", 10.0), ("2026-02-20", 10.0)]
)
def test_a_benzodiazepine_counts_by_day_0_whether_or_not_it_was_stopped_since(end: str, expected: float | None) -> None:
    dosage: dict[str, Any] = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}
    dosage |= {"doseAndRate": [{"doseQuantity": quantity(1, "mg")}]}
    period = {"start": "2025-01-05", "end": end}
    found = statement("s", "6470", status="stopped", effectivePeriod=period, dosage=[dosage])
    record = read(bundle(patient(), DOSE, found))
    assert record.request.patient.model_dump()["benzodiazepine_mg"] == expected


@pytest.mark.parametrize(
    ("repeat", "more", "expected"),
    [
        ({"frequency": 2, "period": 1, "periodUnit": "d"}, {}, 20.0),  # 2 x 1 mg lorazepam; 1 mg as 10 mg diazepam
        ({"frequency": 1, "period": 12, "periodUnit": "h"}, {}, 20.0),
        ({"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}, {}, None),
        ({"when": ["HS"]}, {}, None),
        ({"frequency": 2, "period": 1, "periodUnit": "d"}, {"asNeededBoolean": True}, None),
    ],
)
def test_a_daily_dose_of_a_benzodiazepine_counts_as_diazepam(repeat: Any, more: Any, expected: float | None) -> None:
    dosage = {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": quantity(1, "mg")}]} | more
    found = statement("s", "6470", status="active", effectivePeriod={"start": "2025-01-05"}, dosage=[dosage])
    record = read(bundle(patient(), DOSE, found))
    assert record.request.patient.model_dump()["benzodiazepine_mg"] == expected
    assert (f"{AT}.dosage" in unused(record)) == (expected is None)


def test_whether_there_were_no_treatments_or_nobody_asked() -> None:
    """Not asked about is null, asked and none an empty list."""
    nil = coded("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown")
    none_known = {"resourceType": "List", "status": "current", "mode": "snapshot", "subject": PATIENT,
                  "code": coded(LOINC, "10160-0"), "emptyReason": nil}  # fmt: skip
    assert read(bundle(patient(), DOSE)).request.prior_treatments is None
    assert read(bundle(patient(), DOSE, none_known)).request.prior_treatments == []
    yes, no = {"valueBoolean": True}, {"valueBoolean": False}
    assert read(parameters(patient(), DOSE, priorTreatmentsComplete=yes)).request.prior_treatments == []
    incomplete = read(parameters(patient(), DOSE, statement("s", effectivePeriod=PAST), priorTreatmentsComplete=no))
    assert incomplete.request.patient.model_dump()["prior_treatments_recorded"] is False

"""The check that a training records has counts and digests, and nothing of one patient."""

import hashlib
import json

import pytest

from features.protocol.problems import CohortRefusedError
from tests.training.cohort_folder import MARKER, Folder
from training.cohort.reader import read_with_repairs
from training.plausibility.cohort_check import CohortCheck, check_cohort, import_record, recorded_warnings
from training.plausibility.finding import describe_findings

IMPORTED = b'{"rows": 3}\r\n'


def checked(folder: Folder) -> CohortCheck:
    return check_cohort(read_with_repairs(folder.path), folder.path)


def test_the_import_is_known_by_the_bytes_of_its_record(folder: Folder) -> None:
    folder.write(import_json=IMPORTED)
    check = checked(folder)
    assert check.import_record == IMPORTED
    assert check.import_digest == hashlib.sha256(IMPORTED).hexdigest()
    assert json.loads(check.as_json())["import_digest"] == check.import_digest
    assert json.loads(check.as_json())["not_read"] == []


def test_a_cohort_that_was_not_imported_has_no_digest(folder: Folder) -> None:
    assert checked(folder.write()).import_digest is None
    assert import_record(folder.path) is None


@pytest.mark.parametrize("content", [f"patient_id\n{MARKER}\n", "[1, 2]", b"\xff\xfe", ""])
def test_another_text_under_the_name_of_the_record_is_refused_and_never_stored(
    folder: Folder, content: str | bytes
) -> None:
    folder.write(import_json=content)
    with pytest.raises(CohortRefusedError) as refused:
        checked(folder)
    (problem,) = refused.value.problems
    assert problem.place == "import.json"
    assert MARKER not in repr(problem)


def test_the_document_has_no_id_and_no_value_of_a_patient(folder: Folder) -> None:
    people = "".join(f"{MARKER}-{n},c1,{30.125 + n}\n" for n in range(12))
    ratings = "".join(f"{MARKER}-{n},0,gad7,{10 + n % 3}\n" for n in range(12))
    folder.write(
        patients_csv=f"patient_id,site_id,age_years\n{people}",
        assessments_csv=f"patient_id,day,instrument,score\n{ratings}",
        sessions_csv=f"patient_id,session_number,day,kind,route,dose_mg_per_kg\n{MARKER}-1,2,0,dosing,oral,0\n",
    )
    (folder.path / f"letter to {MARKER} of 2026-01-09.pdf").write_bytes(b"")
    text = checked(folder).as_json()
    assert json.loads(text)["not_read"] == ["1 file"]
    assert "session_numbers" in text
    assert "no_dose" in text
    assert MARKER not in text
    assert ".125" not in text


def test_equal_checks_give_equal_text_and_the_findings_can_be_read_again(folder: Folder) -> None:
    folder.write(sessions_csv="patient_id,session_number,day,kind\nA,2,0,dosing\n")
    check = checked(folder)
    assert check.as_json() == checked(folder).as_json()
    (warning,) = recorded_warnings(check.as_json().encode())
    assert warning == f"sessions: {check.findings[0].sentence}"
    assert recorded_warnings(b"{}") == recorded_warnings(b"\xff") == []


def test_a_finding_is_one_paragraph_that_names_severity_place_and_remedy(folder: Folder) -> None:
    folder.write(sessions_csv="patient_id,session_number,day,kind\nA,2,0,dosing\n")
    lines = describe_findings(checked(folder).findings)
    assert lines[0].startswith("warning: sessions, column session_number: ")
    assert all(line.startswith("  ") for line in lines[1:])
    assert "Number the sessions of each patient from 1" in " ".join(" ".join(lines).split())

"""A cohort that was changed after its import is not vouched for by the record of that import."""

import json

import pytest

from features.protocol.document import Protocol
from features.protocol_reading import parse_protocol
from tests.training.cohort_folder import ASSESSMENTS, Folder
from training.cohort.reader import read_with_repairs
from training.plausibility.cohort_check import CohortCheck, check_cohort, recorded_agreement

OTHER = "[acute]\nmax_days = 30\n"


def imported(folder: Folder, protocol: str | None = None) -> Folder:
    """The folder as an import leaves it."""
    cohort = folder.write(protocol_toml=protocol).read()
    record = {"cohort_digest": cohort.digest, "rows": {"patients": 2, "assessments": 3}}
    return folder.write(defaults=False, import_json=json.dumps(record))


def checked(folder: Folder, protocol: Protocol | None = None) -> CohortCheck:
    return check_cohort(read_with_repairs(folder.path, protocol), folder.path)


def warned(check: CohortCheck) -> str:
    return " ".join(finding.text for finding in check.findings if finding.table == "import.json")


def test_a_cohort_as_imported_has_no_warning_also_in_another_order_of_rows(folder: Folder) -> None:
    imported(folder)
    header, *rows = ASSESSMENTS.splitlines()
    folder.write(defaults=False, assessments_csv="\n".join([header, *reversed(rows)]))
    check = checked(folder)
    assert (check.agreement, warned(check)) == ("as imported", "")


def test_one_score_changed_after_the_import_is_warned_of_and_recorded(folder: Folder) -> None:
    imported(folder).write(assessments_csv=ASSESSMENTS.replace("gad7,9", "gad7,8"))
    check = checked(folder)
    assert check.agreement == "changed"
    assert "it is not of this cohort: the tables or protocol.toml were changed after the import." in warned(check)
    assert "import again" in warned(check)
    assert recorded_agreement(check.as_json().encode()) == "changed"
    assert "not_as_imported" in check.as_json()


def test_a_row_added_after_the_import_is_found_in_its_table(folder: Folder) -> None:
    imported(folder).write(assessments_csv=ASSESSMENTS + "B,9,gad7,11\n")
    assert "the tables were changed after the import: assessments then had another number of rows" in warned(
        checked(folder)
    )


def test_a_protocol_added_after_the_import_is_distinguished_from_a_change_of_the_tables(folder: Folder) -> None:
    imported(folder).write(protocol_toml=OTHER)
    check = checked(folder)
    assert check.agreement == "protocol changed"
    assert "protocol.toml was added or changed after the import; the tables are as imported." in warned(check)
    folder.write(assessments_csv=ASSESSMENTS.replace("gad7,9", "gad7,8"))
    assert checked(folder).agreement == "changed"


def test_a_protocol_edited_after_the_import_may_be_what_changed(folder: Folder) -> None:
    imported(folder, OTHER).write(protocol_toml="[acute]\nmax_days = 31\n")
    assert "the tables or protocol.toml were changed" in warned(checked(folder))


@pytest.mark.parametrize("own", [None, OTHER])
def test_the_protocol_of_a_model_does_not_make_the_tables_other_ones(folder: Folder, own: str | None) -> None:
    of_model = parse_protocol("[acute]\nmax_days = 45\n")
    check = checked(imported(folder, own), of_model)
    assert (check.agreement, warned(check)) == ("read under another protocol", "")
    folder.write(assessments_csv=ASSESSMENTS.replace("gad7,9", "gad7,8"))
    assert checked(folder, of_model).agreement == "changed"


@pytest.mark.parametrize("record", ["{}", '{"cohort_digest": 7}'])
def test_a_record_that_names_no_cohort_vouches_for_none(folder: Folder, record: str) -> None:
    check = checked(folder.write(import_json=record))
    assert check.agreement == "unknown"
    assert "it names no cohort" in warned(check)


def test_a_cohort_without_an_import_agrees_with_none(folder: Folder) -> None:
    check = checked(folder.write())
    assert (check.agreement, warned(check)) == (None, "")
    assert recorded_agreement(check.as_json().encode()) is None
    assert recorded_agreement(b"[]") is recorded_agreement(b"\xff") is None

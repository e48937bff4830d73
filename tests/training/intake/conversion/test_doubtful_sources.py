"""What has two meanings in a source is refused, and what is nobody's business stays out of the cohort."""

from dataclasses import replace
from datetime import date

import pytest

from tests.training.intake.small_clinic import MAPPING, PATIENTS, RATINGS, SESSIONS, SmallClinic
from training.intake.conversion.cohort_import import ImportRecord
from training.intake.conversion.selection import refused_values
from training.intake.source import Cell, source_column


def sentences(record: ImportRecord) -> str:
    return "\n".join(record.sentences())


def test_a_digest_with_the_digits_of_a_date_stays_whole_and_no_name_of_a_file_is_lost(clinic: SmallClinic) -> None:
    record = replace(
        clinic.write().import_it(),
        mapping_digest="ab20250403cd",
        source_digests={"r_2025-01-31.csv": "f19991231f", "r_2025-02-28.csv": "1", "r_03.04.2025.csv": "2"},
        not_read=("seen on 03.04.2025", "r_2025-01-31_1415.csv", "r_2025-01.csv"),
    )
    written = record.document()
    assert written["mapping_digest"] == "ab20250403cd"
    assert written["source"]["digests"] == {"r_*.csv": "f19991231f", "r_*.csv (2)": "1", "r_*.csv (3)": "2"}
    assert written["not_read"] == ["seen on *", "r_*.csv", "r_*.csv"]


def test_days_beside_sessions_with_dates_count_from_day_0_only_if_the_mapping_says_so(clinic: SmallClinic) -> None:
    before, day = MAPPING.rpartition('day = "date"')[::2]
    clinic.write(ratings="id,date,scale,score\nA,14,GAD-7,16\n")
    counted = before + 'day = { column = "date", convert = "CONVERT" }' + day
    (found,) = clinic.refusal(counted.replace("CONVERT", "days"))
    assert found.startswith('ratings.csv, row 2, column date: required convert = "days_from_day_0" in the mapping if')
    clinic.import_it(counted.replace("CONVERT", "days_from_day_0"))
    assert clinic.table("assessments") == ["A 14 gad7 16"]


@pytest.mark.parametrize(
    ("drafted", "answered"),
    [
        (
            '[[sessions]]\nfrom = "sessions.csv"\nday = "date"',
            '[[sessions]]\nfrom = "sessions.csv"\nday = { value = 0 }',
        ),
        ("[[patients]]", '[dates]\nday_0 = "index"\n[[patients]]'),
    ],
)
def test_dates_without_the_date_of_day_0_are_refused_and_not_left_out(
    clinic: SmallClinic, drafted: str, answered: str
) -> None:
    mapping = MAPPING.replace('age_years = { column = "born", convert = "age_at_day_0" }\n', "")
    clinic.write(sessions="id,date\nA,2025-03-10\nB,2025-04-01\n")
    found = clinic.refusal(mapping.replace(drafted, answered))
    assert any(line.startswith("ratings.csv, rows 2-4, column date: required sessions with dates") for line in found)


DOSES = MAPPING.replace('day = "date"', 'day = "date"\ndose_mg_per_kg = "dose"', 1)


def test_a_dosing_session_without_a_day_is_left_out_unless_it_may_be_day_0(clinic: SmallClinic) -> None:
    header = "id,date,dose\nA,2025-03-10,0.6\nB,2025-04-01,0.5\n"
    found = sentences(clinic.write(sessions=header + "A,,0.7\n").import_it(DOSES))
    assert "1 sessions without a day: left out" in found
    clinic.cohort.rename(clinic.path / "first")
    clinic.write(sessions="id,date,dose\nA,,0.7\nA,2025-03-10,0.6\nB,2025-04-01,0.5\n")
    (refused,) = clinic.refusal(DOSES)
    assert refused.startswith("sessions.csv, row 2, column date: required the day of a dosing session before which")


def test_two_forms_with_one_total_and_another_self_harm_item_are_not_equal(clinic: SmallClinic) -> None:
    names = ",".join(f"q{number}" for number in range(1, 10))
    items = ", ".join(f'"{name}"' for name in names.split(","))
    mapping = MAPPING.replace(
        'instrument = "scale"\nscore = "score"', f'instrument = {{ value = "phq9" }}\nitems = [{items}]'
    )
    forms = "A,2025-03-09,1,1,1,1,1,1,1,1,0\nA,2025-03-09,1,1,1,1,1,1,1,0,1\nB,2025-04-01,0,0,0,0,0,0,0,0,0\n"
    (refused,) = clinic.write(ratings=f"id,date,{names}\n{forms}").refusal(mapping)
    assert refused.startswith("ratings.csv, row 3, column q1 to q9: required one rating per patient, day")
    clinic.import_it(mapping.rstrip() + '\nseveral_on_one_day = "last"\n')
    assert clinic.table("assessments") == ["A -1 phq9 8 1", "B 0 phq9 0 0"]


@pytest.mark.parametrize(
    ("row", "column", "required"),
    [
        ("A,-99,170,5", "kg", "a number above 0"),
        ("A,0,170,5", "kg", "a number above 0"),
        ("A,60,-99,5", "cm", "a number above 0"),
        ("A,60,170,-99", "mg", "a dose of 0 mg or more"),
    ],
)
def test_a_code_in_a_weight_a_height_or_a_dose_is_refused_unless_the_mapping_has_it(
    clinic: SmallClinic, row: str, column: str, required: str
) -> None:
    mapping = MAPPING.replace(
        'age_years = { column = "born", convert = "age_at_day_0" }\n'
        'sex = { column = "sex", values = { F = "female", M = "male" } }',
        """body_mass_index = { column = "kg", height_cm = "cm", convert = "body_mass_index" }
benzodiazepine_mg = { column = "mg", drug = "lorazepam", convert = "diazepam_equivalent" }""",
    )
    clinic.write(patients=f"id,kg,cm,mg\n{row}\nB,60,170,0\n")
    (refused,) = clinic.refusal(mapping)
    assert refused.startswith(f"patients.csv, row 2, column {column}: required {required}")
    if "-99" in row:
        clinic.import_it(mapping.replace("[[patients]]", '[missing]\ncodes = ["-99"]\n[[patients]]'))
        assert clinic.table("patients")[1].split() == ["B", "20.761245674740486", "0"]


@pytest.mark.parametrize(
    ("born", "site"),
    [("1980-05-10-A", ""), ("A", "Ulm 2024-05-01"), ("A", "Ulm 3.4.2025"), ("X19800510", ""), ("A", "Ulm (5/3/2024)")],
)
def test_a_date_in_an_id_or_a_name_does_not_come_into_the_cohort(clinic: SmallClinic, born: str, site: str) -> None:
    mapping = MAPPING.replace("sex = {", 'site_id = "site"\nsex = {')
    files = {"sessions": SESSIONS, "ratings": RATINGS}
    clinic.write(
        patients=f"id,born,sex,site\n{born},1980-05-10,F,{site}\nB,1990-01-01,M,Ulm 2021-07\n",
        **{name: text.replace("A,", f"{born},") for name, text in files.items()},
    )
    found = clinic.refusal(mapping)
    column = "site: required a text without a date" if site else "id: required ids without a date"
    assert found[0].startswith(f"patients.csv, row 2, column {column}")
    keyed = mapping.replace("pseudonyms = false", "pseudonyms = true")
    clinic.import_it(keyed.replace('"site"', '{ column = "site", convert = "pseudonym" }'))
    assert len(clinic.table("patients")) == 2


@pytest.mark.parametrize("ids", [("20210703", "7"), ("2021-07", "2021-08"), ("007", "7")])
def test_an_id_that_is_a_date_by_chance_is_an_id(clinic: SmallClinic, ids: tuple[str, str]) -> None:
    files = {"patients": PATIENTS, "sessions": SESSIONS, "ratings": RATINGS}
    renamed = {name: text.replace("A,", f"{ids[0]},").replace("B,", f"{ids[1]},") for name, text in files.items()}
    clinic.write(**renamed).import_it()
    assert [row.split()[0] for row in clinic.table("patients")] == list(ids)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (date(2025, 4, 3), "a date or time, as spreadsheets make"),
        (1.234567890123457e17, "a number with more digits than"),
        (1e15, "a number with more digits than"),
        (1e15 - 1, ""),
        ("1.23E+05", "a number in exponent notation"),
        (1_234_567_890_123_456_789, ""),
    ],
)
def test_an_id_that_a_spreadsheet_has_changed_is_found(cell: Cell, found: str) -> None:
    refused = refused_values(source_column("id", [cell, "x"]), is_written=False)
    assert [words[: len(found)] for _, words in refused] == ([found] if found else [])


@pytest.mark.parametrize(("born", "age"), [("05/13/62", 62), ("03/09/25", None), ("03/11/25", 99), ("05/13/1962", 62)])
def test_a_birth_in_a_year_of_two_digits_is_before_day_0(clinic: SmallClinic, born: str, age: int | None) -> None:
    mapping = MAPPING.replace('convert = "age_at_day_0"', 'convert = "age_at_day_0", format = "FORMAT"').replace(
        "FORMAT", "%m/%d/%y" if len(born) == 8 else "%m/%d/%Y"
    )
    clinic.write(
        patients=f"id,born,sex\nA,{born},F\n", sessions="id,date\nA,2025-03-10\n", ratings="id,date,scale,score\n"
    )
    if age is None:  # the day before the first dose
        assert "a number from 10" in clinic.refusal(mapping)[0]
    else:
        clinic.import_it(mapping)
        assert clinic.table("patients") == [f"A {age} female"]


@pytest.mark.parametrize("cell", ["-99", "-99.0", "-99,00", " -99 "])
def test_a_code_for_a_missing_value_is_one_in_every_spelling(clinic: SmallClinic, cell: str) -> None:
    mapping = MAPPING.replace("[[patients]]", '[missing]\ncodes = ["-99"]\n[[patients]]', 1)
    clinic.write(ratings=f'id,date,scale,score\nA,2025-03-09,GAD-7,"{cell}"\nA,2025-03-10,GAD-7,3\n')
    clinic.import_it(mapping)
    assert clinic.table("assessments") == ["A 0 gad7 3"]


def test_an_earlier_session_that_the_mapping_leaves_out_is_counted(clinic: SmallClinic) -> None:
    rows = "A,2025-03-10,stopped\nA,2025-03-17,done\nA,2025-03-24,stopped\nB,2025-04-01,done\nB,next week,planned\n"
    mapping = MAPPING.replace('"sessions.csv"', '"sessions.csv"\nwhere = { status = ["done"] }')
    record = clinic.write(sessions="id,date,status\n" + rows).import_it(mapping)
    assert "1 patients with an earlier day in a row that where leaves out of [[sessions]]" in sentences(record)
    assert {line for line in record.not_read if "row" in line} == {
        "sessions.csv: 2 rows with status stopped",
        "sessions.csv: 1 row with status planned",
    }
    listed = '[[not_read]]\nfrom = "sessions.csv"\nwhere = { status = ["stopped"] }\n'
    clinic.cohort.rename(clinic.path / "first")
    assert "an earlier day" not in sentences(clinic.import_it(mapping + listed))


def test_a_text_that_tells_of_a_patient_does_not_come_into_the_record(clinic: SmallClinic) -> None:
    texts = ["Miller was seen on 3.4.2025", "born 1980", "he was not well that day", "late"]
    ratings = "id,date,scale,score,note\nA,2025-03-10,GAD-7,3,in time\n"
    rows = "".join(f"A,2025-03-1{day},GAD-7,3,{text}\n" for day, text in enumerate(texts))
    mapping = MAPPING.replace('"ratings.csv"', '"ratings.csv"\nwhere = { note = ["in time"] }')
    record = clinic.write(ratings=ratings + rows).import_it(mapping)
    assert {line for line in record.not_read if line.startswith("ratings")} == {
        "ratings.csv: 3 rows with another note",
        "ratings.csv: 1 row with note late",
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('day = "date"\nkind', "kind", "clinic.toml, key sessions.1.day: required this key, because every session"),
        (
            'day = "date"\nkind',
            'id = "ide"\nday = "date"\nkind',
            "clinic.toml, key sessions.1.id: required column ide of",
        ),
        ('day = "date"\nkind', 'day = "dat"\nkind', "clinic.toml, key sessions.1.day: required column dat of"),
    ],
)
def test_a_mistake_in_a_block_with_where_is_at_its_key(clinic: SmallClinic, old: str, new: str, said: str) -> None:
    mapping = MAPPING.replace('"sessions.csv"', '"sessions.csv"\nwhere = { dose = ["60"] }').replace(old, new, 1)
    assert clinic.write().refusal(mapping)[0].startswith(said)


def test_an_earlier_treatment_that_is_recorded_twice_counts_once(clinic: SmallClinic) -> None:
    block = '[[prior_treatments]]\nfrom = "earlier.csv"\ntreatment = "treatment"\nstart_day = "since"\n'
    rows = "A,ssri,2025-01-09,\nA,ssri,2025-01-09,\nA,ssri,2025-01-10,\nB,ssri,2025-01-09,\nB,cbt,,1\nB,cbt,,2\n"
    found = sentences(clinic.write(earlier="id,treatment,since,course\n" + rows).import_it(MAPPING + block))
    assert clinic.table("prior_treatments") == ["A ssri -60", "A ssri -59", "B ssri -82", "B cbt", "B cbt"]
    assert "1 earlier treatments that repeat another one with the same days: left out" in found

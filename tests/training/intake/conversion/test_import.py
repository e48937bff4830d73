"""A small clinic's files become a cohort: days, totals and pseudonyms, and every conversion is counted."""

import json
import re
from pathlib import Path

import pytest

from tests.training.intake.small_clinic import HEAD, MAPPING, PATIENTS, RATINGS, SESSIONS, SmallClinic
from training.cohort.reader import read_cohort
from training.intake.conversion.cohort_import import ImportRecord

ITEMS = ", ".join(f'"gad7_{number}"' for number in range(1, 8))
BY_ITEMS = MAPPING.replace(
    'instrument = "scale"\nscore = "score"', f'instrument = {{ value = "gad7" }}\nitems = [{ITEMS}]'
)
ITEM_HEADER = "id,date," + ",".join(f"gad7_{number}" for number in range(1, 8)) + ",total\n"


def sentences(record: ImportRecord) -> str:
    return "\n".join(record.sentences())


def test_dates_become_days_from_the_first_dose(clinic: SmallClinic) -> None:
    clinic.write().import_it()
    assert clinic.table("patients") == ["A 44 female", "B 35 male"]
    assert clinic.table("sessions") == ["A 1 0 dosing", "A 2 7 dosing", "B 1 0 dosing"]
    assert clinic.table("assessments") == ["A -1 gad7 16", "A 14 gad7 9", "B 0 gad7 12"]


def test_a_strict_reader_takes_what_was_written(clinic: SmallClinic) -> None:
    clinic.write().import_it()
    assert read_cohort(clinic.cohort).patient_ids.tolist() == ["A", "B"]


def test_the_list_of_conversions_says_how_often(clinic: SmallClinic) -> None:
    found = sentences(clinic.write().import_it())
    assert "turned dates of birth into ages at day 0 in 2 cells of column born" in found
    assert "read codes by the mapping in 2 cells of column sex" in found
    assert "read 'GAD-7' as gad7 in 3 cells of column scale" in found
    assert "wrote 2 rows of patients, 3 rows of sessions, 3 rows of assessments" in found


def test_nothing_dated_and_no_key_is_left_in_the_folder(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace("pseudonyms = false", "pseudonyms = true").replace(
        "sessions.csv", "sessions_2025-05-01.csv"
    )
    clinic.write(**{"sessions_2025-05-01": SESSIONS}).import_it(mapping)
    key = (clinic.path / "clinic.key").read_text(encoding="ascii").strip()
    for path in clinic.cohort.rglob("*"):
        text = path.read_bytes().decode()
        assert key not in text, path
        assert not re.search(r"\b(19|20)\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}", text), path


def test_the_record_has_digests_and_counts_and_what_was_not_read(clinic: SmallClinic) -> None:
    clinic.write().import_it()
    record = json.loads((clinic.cohort / "import.json").read_text(encoding="utf-8"))
    assert set(record["source"]["digests"]) == {"patients.csv", "ratings.csv", "sessions.csv"}
    assert record["cohort_digest"] == read_cohort(clinic.cohort).digest
    assert record["rows"] == {"patients": 2, "sessions": 3, "assessments": 3}
    assert record["not_read"] == ["sessions.csv: column dose"]


def test_the_record_has_the_version_and_the_mapping_without_comments_and_dates(clinic: SmallClinic) -> None:
    noted = MAPPING.replace("[[patients]]", "# Mrs Miller, born 1980-05-10\n[[patients]]")
    noted += '[[not_read]]\nfrom = "notes_2025-05-01.csv"\n'
    clinic.write(**{"notes_2025-05-01": "id,note\nA,x\n"}).import_it(noted)
    text = (clinic.cohort / "import.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert record["mapping"]["patients"][0]["sex"] == {"column": "sex", "values": {"F": "female", "M": "male"}}
    assert record["mapping"]["not_read"] == [{"from": "notes_*.csv"}]
    assert "Miller" not in text
    assert "1980" not in text
    assert record["software"]["version"]
    assert len(record["software"]["sources_digest"]) == 64


def test_patients_without_a_first_dose_are_left_out_and_counted(clinic: SmallClinic) -> None:
    more = PATIENTS + "C,1970-01-01,F\nD,1971-01-01,F\n"
    ratings = RATINGS + "C,2025-01-01,GAD-7,8\n"
    found = sentences(clinic.write(patients=more, ratings=ratings).import_it())
    assert "2 patients without a first dose: left out" in found
    assert len(clinic.table("patients")) == 2
    assert len(clinic.table("assessments")) == 3


def test_rows_that_no_block_takes_are_counted_by_their_kind(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace('from = "ratings.csv"', 'from = "ratings.csv"\nwhere = { scale = ["gad-7"] }')
    record = clinic.write(ratings=RATINGS + "A,2025-03-10,XYZ,1\n").import_it(mapping)
    assert "ratings.csv: 1 row with scale XYZ" in record.not_read


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ratings": RATINGS + "B,03/04/2025,GAD-7,9\n"}, "ratings.csv, row 5, column date: required format"),
        ({"ratings": RATINGS + "B,2025-05-01,GAD-7,22\n"}, "ratings.csv, row 5, column score: required a score within"),
        ({"ratings": RATINGS + "\nB,2025-05-01,GAD-8,2\n"}, "ratings.csv, row 6, column scale: required one of gad7"),
        (
            {"ratings": RATINGS + "C,2025-05-01,GAD-7,2\n"},
            "ratings.csv, row 5, column id: required the id of a patient",
        ),
        ({"ratings": RATINGS + "B,2025-04-01,GAD-7,13\n"}, "ratings.csv, row 5, column score: required one rating per"),
        ({"ratings": RATINGS + ",2025-05-01,GAD-7,2\n"}, "ratings.csv, row 5, column id: required the id of the row"),
        (
            {"patients": PATIENTS + "A,1981-05-11,F\n"},
            "patients.csv, row 4, column born: required one value per patient",
        ),
        (
            {"patients": PATIENTS.replace("A,1980", "A,1880")},
            "patients.csv, row 2, column born: required a number from 10",
        ),
        ({"patients": PATIENTS.replace(",M", ",7391")}, "patients.csv, row 3, column sex: required one of the values"),
        ({"sessions": SESSIONS.replace("2025-03-17", "17 March")}, "sessions.csv, row 3, column date: required a date"),
        ({"ratings": RATINGS.replace("A,", "1.23E+05,")}, "ratings.csv, rows 2, 3, column id: required the id as"),
    ],
)
def test_every_problem_is_said_by_the_row_of_the_source(clinic: SmallClinic, files: dict[str, str], said: str) -> None:
    found = clinic.write(**files).refusal()
    assert found[0].startswith(said)
    assert len(found) == 1
    assert "7391" not in found[0]


def test_unlisted_patients_are_left_out_where_the_mapping_says_so(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace("pseudonyms = false", 'pseudonyms = false\nunlisted = "leave_out"')
    found = sentences(clinic.write(ratings=RATINGS + "C,2025-05-01,GAD-7,2\n").import_it(mapping))
    assert "1 rows of ratings.csv of patients who are not listed: left out" in found


@pytest.mark.parametrize(
    ("several", "kept", "said"),
    [("last", "B 0 gad7 7", "1 ratings on one day: kept the last"), ("first", "B 0 gad7 12", "kept the first")],
)
def test_of_several_ratings_on_one_day_the_named_one_counts(
    clinic: SmallClinic, several: str, kept: str, said: str
) -> None:
    mapping = MAPPING.replace('score = "score"', f'score = "score"\nseveral_on_one_day = "{several}"')
    ratings = RATINGS + "B,2025-04-01,GAD-7,7\nA,2025-03-24,GAD-7,9\n"
    found = sentences(clinic.write(ratings=ratings).import_it(mapping))
    assert kept in clinic.table("assessments")
    assert said in found
    assert "1 equal ratings on one day: kept one" in found


def test_the_last_rating_is_the_latest_by_its_time(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace('score = "score"', 'score = "score"\nseveral_on_one_day = "last"')
    ratings = "id,date,scale,score\nA,2025-03-24 15:00,GAD-7,3\nA,2025-03-24 09:00,GAD-7,8\n"
    clinic.write(ratings=ratings).import_it(mapping)
    assert clinic.table("assessments") == ["A 14 gad7 3"]


def test_a_rating_later_than_the_dose_of_its_day_does_not_count_as_before_it(clinic: SmallClinic) -> None:
    sessions = "id,date,dose\nA,2025-03-10 10:00,60\nB,2025-04-01,50\n"
    ratings = (
        "id,date,scale,score\nA,2025-03-10 09:59,GAD-7,16\nA,2025-03-10 10:01,PHQ-9,5\nB,2025-04-01 9:00,GAD-7,7\n"
    )
    found = sentences(clinic.write(sessions=sessions, ratings=ratings).import_it())
    assert "1 ratings later than the dose of their day" in found
    assert "1 ratings on the day of a dose without both times: taken as before the dose" in found
    assert clinic.table("assessments") == ["A 0 gad7 16", "A 0 phq9 5 true", "B 0 gad7 7"]


def test_therapy_before_the_first_dose_is_no_course_of_psychotherapy(clinic: SmallClinic) -> None:
    sessions = (
        "id,date,what\nA,2025-03-01,therapy\nA,2025-03-10,ketamine\nA,2025-03-12,therapy\nB,2025-04-01,ketamine\n"
    )
    kind = 'kind = { column = "what", values = { therapy = "psychotherapy", ketamine = "dosing" } }'
    mapping = MAPPING.replace('kind = { value = "dosing" }', kind)
    found = sentences(clinic.write(sessions=sessions).import_it(mapping))
    assert "1 sessions of psychotherapy before the first dose: counted as preparation" in found
    assert {"A 1 2 psychotherapy", "A 1 -9 preparation", "A 1 0 dosing"} <= set(clinic.table("sessions"))


def test_days_of_a_source_without_dates_are_counted_from_the_first_dose(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace('day = "date"', 'day = { column = "date", convert = "days" }').replace(
        'age_years = { column = "born", convert = "age_at_day_0" }\n', ""
    )
    sessions, ratings = "id,date\nA,15\nA,22\nB,0\n", "id,date,scale,score\nA,14,GAD-7,16\nB,0,GAD-7,7\n"
    found = sentences(clinic.write(sessions=sessions, ratings=ratings).import_it(mapping))
    assert "1 patients whose days are counted from their first dosing session" in found
    assert clinic.table("sessions") == ["A 1 0 dosing", "A 2 7 dosing", "B 1 0 dosing"]
    assert clinic.table("assessments") == ["A -1 gad7 16", "B 0 gad7 7"]


def test_an_index_date_may_be_day_0(clinic: SmallClinic) -> None:
    mapping = (
        HEAD
        + """
[dates]
day_0 = "index"
index = "enrolled"
[[patients]]
from = "patients.csv"
[[assessments]]
from = "ratings.csv"
day = "date"
instrument = "scale"
score = "score"
"""
    )
    patients = "id,enrolled\nA,2025-03-08\nB,2025-04-01\nC,\n"
    found = sentences(clinic.write(patients=patients).import_it(mapping))
    assert "1 patients without an index date: left out" in found
    assert clinic.table("assessments") == ["A 1 gad7 16", "A 16 gad7 9", "B 0 gad7 12"]


def test_items_are_scored_and_agree_with_the_total(clinic: SmallClinic) -> None:
    rows = (
        "A,2025-03-09,3,2,2,2,2,2,3,16\nA,2025-03-24,1,1,,1,1,1,1,\nB,2025-04-01,1,1,1,1,1,,,\nB,2025-04-02,,,,,,,,12\n"
    )
    mapping = BY_ITEMS.rstrip() + '\ntotal = "total"\n'
    found = sentences(clinic.write(ratings=ITEM_HEADER + rows).import_it(mapping))
    assert clinic.table("assessments") == ["A -1 gad7 16", "A 14 gad7 7", "B 0 gad7 7", "B 1 gad7 12"]
    assert "3 missing items of gad7: the mean of the others stands for each" in found
    assert "1 totals of gad7 that agree with their items" in found
    assert "1 ratings of gad7 without items: the given total counts" in found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,2025-03-09,3,2,2,2,2,2,3,15", "ratings.csv, row 2, column total: required the total of the items"),
        ("A,2025-03-09,3,2,2,2,2,2,4,", "ratings.csv, row 2, column gad7_7: required a whole number from 0 to 3"),
    ],
)
def test_items_that_contradict_are_refused_by_row(clinic: SmallClinic, row: str, said: str) -> None:
    mapping = BY_ITEMS.rstrip() + '\ntotal = "total"\n'
    rows = row + "\nB,2025-04-01,0,0,0,0,0,0,0,0\n"
    assert clinic.write(ratings=ITEM_HEADER + rows).refusal(mapping)[0].startswith(said)


def test_items_keyed_from_1_are_found_and_converted_only_if_the_mapping_says_so(clinic: SmallClinic) -> None:
    clinic.write(ratings=ITEM_HEADER + "A,2025-03-09,4,3,3,3,3,3,4,\nB,2025-04-01,1,1,1,1,1,1,1,\n")
    said = 'clinic.toml, key assessments.1.item_key: required item_key = "1 to 4" if the items are keyed so'
    assert clinic.refusal(BY_ITEMS)[0].startswith(said)
    found = sentences(clinic.import_it(BY_ITEMS.rstrip() + '\nitem_key = "1 to 4"\n'))
    assert clinic.table("assessments") == ["A -1 gad7 16", "B 0 gad7 0"]
    assert "counted items from 0 instead of 1 in 14 cells of 7 columns" in found


def test_items_whose_points_the_data_can_not_tell_need_an_answer(clinic: SmallClinic) -> None:
    names = [f"h{number}" for number in range(1, 8)]
    items = ", ".join(f'"{name}"' for name in names)
    mapping = MAPPING.replace(
        'instrument = "scale"\nscore = "score"', f'instrument = {{ value = "hads_a" }}\nitems = [{items}]'
    )
    clinic.write(ratings=f"id,date,{','.join(names)}\nA,2025-03-09,3,2,1,0,3,2,1\nB,2025-04-01,0,0,0,0,0,0,0\n")
    said = 'clinic.toml, key assessments.1.item_key: required item_key = "0 to 3" if the answer is yes'
    assert clinic.refusal(mapping)[0].startswith(said)
    clinic.import_it(mapping.rstrip() + '\nitem_key = "0 to 3"\n')
    assert clinic.table("assessments") == ["A -1 hads_a 12", "B 0 hads_a 0"]


def test_what_would_falsify_outcomes_is_refused_and_what_may_is_a_warning(clinic: SmallClinic) -> None:
    mapping = (
        MAPPING
        + """
[[events]]
from = "events.csv"
day = "date"
event = "event"
"""
    )
    died = "id,date,event\nA,2025-03-12,death\n"
    refused = clinic.write(events=died).refusal(mapping)
    assert refused[0].startswith(
        "sessions.csv, row 3, column date: required no record after the day of the patient's death"
    )
    late = "id,date,event\nA,2025-03-20,withdrawal\n"
    record = clinic.write(events=late).import_it(mapping)
    assert any("withdrawal" in line for line in record.warnings)


def test_the_self_harm_item_is_kept_apart_from_the_score(clinic: SmallClinic) -> None:
    names = [f"q{number}" for number in range(1, 10)]
    items = ", ".join(f'"{name}"' for name in names)
    mapping = MAPPING.replace(
        'instrument = "scale"\nscore = "score"', f'instrument = {{ value = "phq9" }}\nitems = [{items}]'
    )
    clinic.write(ratings=f"id,date,{','.join(names)}\nA,2025-03-09,1,1,1,1,1,1,1,1,2\nB,2025-04-01,0,0,0,0,0,0,0,0,\n")
    clinic.import_it(mapping)
    assert clinic.table("assessments") == ["A -1 phq9 10 2", "B 0 phq9 0"]


def test_doses_weights_and_drugs_are_converted(clinic: SmallClinic) -> None:
    patients = "id,onset,kg,cm,bzd,mg\nA,2015,80,200,lorazepam,1.5\nB,,,,,0\n"
    mapping = MAPPING.replace(
        'age_years = { column = "born", convert = "age_at_day_0" }\n'
        'sex = { column = "sex", values = { F = "female", M = "male" } }',
        """illness_duration_years = { column = "onset", convert = "years_until_day_0" }
body_mass_index = { column = "kg", height_cm = "cm", convert = "body_mass_index" }
benzodiazepine_mg = { column = "mg", drug_column = "bzd", convert = "diazepam_equivalent" }""",
    ).replace(
        'day = "date"',
        'day = "date"\ndose_mg_per_kg = { column = "dose", weight_kg = { patients = "kg" }, convert = "per_kg" }',
        1,
    )
    found = sentences(clinic.write(patients=patients).import_it(mapping))
    assert clinic.table("patients") == ["A 10 20 15", "B   0"]
    assert clinic.table("sessions") == ["A 1 0 dosing 0.75", "A 2 7 dosing 0.875", "B 1 0 dosing"]
    assert "1 doses in mg without a weight: not recorded" in found


def test_a_folder_with_files_is_not_written_over(clinic: SmallClinic) -> None:
    clinic.cohort.mkdir()
    (clinic.cohort / "notes.txt").write_text("mine", encoding="utf-8")
    assert clinic.write().refusal() == [
        (
            "cohort: required a folder that is new or empty; name another one, such as cohort-2; "
            "found a file, or a folder with files"
        )
    ]


def test_next_month_goes_into_another_folder_and_knows_the_same_patients(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace("pseudonyms = false", "pseudonyms = true")
    clinic.write().import_it(mapping)
    first = clinic.table("patients")
    (refusal,) = clinic.refusal(mapping)
    assert "name another one, such as cohort-2" in refusal
    later = clinic.write(ratings=RATINGS + "B,2025-04-08,GAD-7,8\n").import_it(mapping, "cohort-2")
    assert later.rows["assessments"] == 4
    assert clinic.table("patients", "cohort-2") == first
    (refusal,) = clinic.refusal(mapping)
    assert "such as cohort-3" in refusal


def test_a_protocol_beside_the_mapping_is_put_into_the_cohort(clinic: SmallClinic) -> None:
    covariate = 'name = "dose_wish"\nkind = "number"\nminimum = 0\nmaximum = 100\nmeaning = "wish"\n'
    protocol = f'name = "ours"\n[[covariates]]\n{covariate}'
    (clinic.path / "ours.toml").write_text(protocol, encoding="utf-8")
    mapping = MAPPING.replace("[[patients]]", '[protocol]\nfile = "ours.toml"\n[[patients]]').replace(
        "sex =", "dose_wish = { value = 7 }\nsex ="
    )
    clinic.write().import_it(mapping)
    assert read_cohort(clinic.cohort).protocol.name == "ours"
    assert clinic.table("patients") == ["A 44 female 7", "B 35 male 7"]


def test_wide_columns_give_a_row_each(clinic: SmallClinic) -> None:
    mapping = (
        HEAD
        + """
[[sessions]]
from = "patients.csv"
rows = [
    { day = "first", kind = { value = "dosing" } },
    { day = "second", kind = { value = "dosing" }, adverse_event = "second_ae" },
]
[[assessments]]
from = "patients.csv"
instrument = { value = "gad7" }
rows = [ { day = { value = 0 }, score = "gad7_bl" }, { day = { value = 28 }, score = "gad7_w4" } ]
[[prior_treatments]]
from = "patients.csv"
rows = [ { when = "had_ssri", treatment = { value = "ssri" } } ]
[[events]]
from = "patients.csv"
rows = [ { day = "died", event = { value = "death" } } ]
"""
    )
    header = "id,first,second,second_ae,gad7_bl,gad7_w4,had_ssri,died\n"
    rows = "A,2025-03-10,2025-03-17,yes,16,9,1,\nB,2025-04-01,,no,12,,0,2025-05-01\n"
    found = sentences(clinic.write(patients=header + rows).import_it(mapping))
    assert clinic.table("sessions") == ["A 1 0 dosing", "B 1 0 dosing", "A 2 7 dosing true"]
    assert clinic.table("assessments") == ["A 0 gad7 16", "B 0 gad7 12", "A 28 gad7 9"]
    assert clinic.table("prior_treatments") == ["A ssri"]
    assert clinic.table("events") == ["B 30 death"]
    assert "1 sessions without a day: left out" in found


def folder_names(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def test_one_import_leaves_the_cohort_and_nothing_else(clinic: SmallClinic) -> None:
    clinic.write().import_it()
    assert folder_names(clinic.path) == ["cohort", "export"]
    assert folder_names(clinic.cohort) == ["assessments.csv", "import.json", "patients.csv", "sessions.csv"]

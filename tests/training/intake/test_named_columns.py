"""A source without a table or column that the mapping names: one problem with its cause, and nothing that follows."""

import pytest

from tests.training.intake.small_clinic import MAPPING, RATINGS, SESSIONS, SmallClinic

ITEMS = [f"gad7_{number}" for number in range(1, 8)]
BY_ITEMS = MAPPING.replace(
    'instrument = "scale"\nscore = "score"', f'instrument = {{ value = "gad7" }}\nitems = {ITEMS}\ntotal = "total"'
)


def rated(*, without: str = "", under: str = "") -> str:
    """Three ratings by items, all 1; an item is left out, or has another name."""
    names = [under or name if name == without else name for name in ITEMS if under or name != without]
    return "\n".join(
        [",".join(["id", "date", *names, "total"]), *[",".join(["A", "2025-03-09", *"1" * len(names), "7"])]]
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"born"',
            '"borm"',
            (
                "patients.1.age_years: required column borm of patients.csv: restore it, correct the name or remove "
                "this key; found no such column; did you mean born?"
            ),
        ),
        (
            'day = "date"\nkind',
            'day = "dat"\nkind',
            (
                "sessions.1.day: required column dat of sessions.csv: restore it or correct the name; "
                "found no such column; did you mean date?"
            ),
        ),
        (
            '"sessions.csv"',
            '"session.csv"',
            (
                "sessions.1.from: required one table of the source, by its name or a pattern; "
                "found none; did you mean sessions.csv?"
            ),
        ),
        (
            'day_0 = "index"',
            'day_0 = "index"\nindex = "enrol"',
            "dates.index: required column enrol of patients.csv: restore it or correct the name; found no such column",
        ),
    ],
)
def test_what_the_source_does_not_have_is_refused_with_what_is_near(
    clinic: SmallClinic, old: str, new: str, said: str
) -> None:
    mapping = MAPPING.replace("[[patients]]", '[dates]\nday_0 = "index"\n[[patients]]') if "day_0" in old else MAPPING
    assert clinic.write().refusal(mapping.replace(old, new, 1)) == [f"clinic.toml, key {said}"]


def test_a_deleted_item_is_the_only_problem_and_no_item_in_use_is_proposed(clinic: SmallClinic) -> None:
    assert clinic.write(ratings=rated(without="gad7_4")).refusal(BY_ITEMS) == [
        (
            "clinic.toml, key assessments.1.items: required column gad7_4 of ratings.csv: restore it or correct the "
            "name; found no such column"
        )
    ]


def test_a_renamed_item_is_proposed(clinic: SmallClinic) -> None:
    (found,) = clinic.write(ratings=rated(without="gad7_3", under="gad7_03")).refusal(BY_ITEMS)
    assert found.endswith("found no such column; did you mean gad7_03?")


def test_a_missing_id_is_one_problem_per_table(clinic: SmallClinic) -> None:
    files = {"sessions": SESSIONS.replace("id,", "no,"), "ratings": RATINGS.replace("id,", "no,")}
    assert [line.partition(":")[0] for line in clinic.write(**files).refusal()] == [
        "clinic.toml, key patients_are.id"
    ] * 2


def test_a_column_that_several_keys_name_is_one_problem(clinic: SmallClinic) -> None:
    where = 'from = "ratings.csv"\nwhere = { form = ["a"] }'
    mapping = MAPPING.replace('from = "ratings.csv"', where)
    mapping += mapping[mapping.index("[[assessments]]") :] * 2
    assert clinic.write().refusal(mapping) == [
        (
            "clinic.toml, key assessments.1.where.form: required column form of ratings.csv: restore it or correct the "
            "name; found no such column (under 2 more keys too)"
        )
    ]


def test_a_column_that_redcap_names_itself_is_not_proposed_for_another(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace(
        'from = "ratings.csv"', 'from = "ratings.csv"\nwhere = { redcap_repeat_instrument = ["visit"] }'
    )
    ratings = RATINGS.replace("\n", ",1\n").replace("score,1", "score,redcap_repeat_instance")
    (found,) = clinic.write(ratings=ratings).refusal(mapping)
    assert found.endswith("found no such column")


def test_two_exports_in_one_folder_are_named_once(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace('"sessions.csv"', '"sessions*.csv"')
    mapping += mapping[mapping.index("[[sessions]]") : mapping.index("[[assessments]]")]
    assert clinic.write(sessions_2=SESSIONS).refusal(mapping) == [
        (
            "clinic.toml, key sessions.1.from: required one table of the source, by its name or a pattern; found 2 "
            "that fit: sessions.csv, sessions_2.csv; leave only the newest, or name it in from (under 1 more key too)"
        )
    ]


def test_a_missing_column_of_the_patients_is_said_at_the_key_that_needs_it(clinic: SmallClinic) -> None:
    dose = 'dose_mg_per_kg = { column = "dose", weight_kg = { patients = "weight" }, convert = "per_kg" }'
    mapping = MAPPING.replace('kind = { value = "dosing" }', f'kind = {{ value = "dosing" }}\n{dose}')
    assert clinic.write().refusal(mapping) == [
        (
            "clinic.toml, key sessions.1.dose_mg_per_kg.weight_kg: required column weight of patients.csv: restore it "
            "or correct the name; found no such column"
        )
    ]


def test_dates_that_cannot_be_read_are_not_also_missing_sessions(clinic: SmallClinic) -> None:
    sessions = "id,date,dose\n" + "".join(f"A,0{month}/02/2025,1\n" for month in range(1, 9))
    (found,) = clinic.write(sessions=sessions).refusal()
    assert found.startswith("sessions.csv, rows 2-9, column date: required format under [dates]")


def test_a_source_with_all_that_is_named_is_imported(clinic: SmallClinic) -> None:
    clinic.write(ratings=rated()).import_it(BY_ITEMS)
    assert clinic.table("assessments") == ["A -1 gad7 7"]

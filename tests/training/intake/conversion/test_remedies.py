"""A problem names the key of the mapping, or the other row, that resolves it."""

import pytest

from tests.training.intake.small_clinic import MAPPING, PATIENTS, RATINGS, SESSIONS, SmallClinic

ITEM_NAMES = [f"gad7_{number}" for number in range(1, 8)]
BY_ITEMS = MAPPING.replace(
    'instrument = "scale"\nscore = "score"', f'instrument = {{ value = "gad7" }}\nitems = {ITEM_NAMES}'
)
ITEM_HEADER = "id,date," + ",".join(ITEM_NAMES) + ",total\n"

ROUTE = 'kind = { value = "dosing" }\nroute = '
ROUTED = SESSIONS.replace("dose", "route").replace(",60", ",1").replace(",70", ",2").replace(",50", ",4")


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (
            '{ column = "route", values = { 1 = "sublingual", 2 = "intramuscular" } }',
            (
                "required one of the values in the mapping: 1, 2, or this one with its meaning in sessions.1.route."
                "values; found another value"
            ),
        ),
        ('"route"', "or this one with its meaning in sessions.1.route.values; found another value"),
    ],
)
def test_an_unknown_code_names_the_key_to_extend(clinic: SmallClinic, route: str, said: str) -> None:
    mapping = MAPPING.replace('kind = { value = "dosing" }', ROUTE + route)
    found = clinic.write(sessions=ROUTED).refusal(mapping)
    assert any(line.startswith("sessions.csv, row") and line.endswith(said) for line in found)


def test_an_unknown_flag_names_the_key_to_extend(clinic: SmallClinic) -> None:
    mapping = MAPPING.replace("age_years =", 'comorbid_ptsd = "ptsd"\nage_years =')
    patients = PATIENTS.replace("sex\n", "sex,ptsd\n").replace(",F\n", ",F,2\n").replace(",M\n", ",M,1\n")
    assert clinic.write(patients=patients).refusal(mapping) == [
        (
            "patients.csv, row 2, column ptsd: required true or false, or this one with its meaning in "
            "patients.1.comorbid_ptsd.values; found another value"
        )
    ]


@pytest.mark.parametrize(
    ("item", "key", "code"),
    [
        ("-99", False, True),
        ("99", False, True),
        ("9", False, True),
        ("-1", True, True),
        ("4", True, False),
        ("5", True, False),
        ("2.5", True, False),
    ],
)
def test_an_item_that_looks_like_a_code_names_the_missing_codes(
    clinic: SmallClinic, item: str, key: bool, code: bool
) -> None:
    ratings = ITEM_HEADER + f"A,2025-03-09,0,0,1,2,3,1,{item},\nB,2025-04-01,0,1,2,3,0,1,2,\n"
    (found,) = clinic.write(ratings=ratings).refusal(BY_ITEMS)
    assert found.startswith("ratings.csv, row 2, column gad7_7: required a whole number from 0 to 3")
    assert ("item_key in assessments.1" in found) == key
    assert ("[missing] in the mapping" in found) == code


def test_a_missing_code_that_is_declared_is_not_recorded(clinic: SmallClinic) -> None:
    ratings = ITEM_HEADER + "A,2025-03-09,0,0,1,2,3,1,-99,\nB,2025-04-01,0,1,2,3,0,1,2,\n"
    clinic.write(ratings=ratings).import_it(
        BY_ITEMS.replace("[[patients]]", '[missing]\ncodes = ["-99"]\n[[patients]]')
    )
    assert len(clinic.table("assessments")) == 2


@pytest.mark.parametrize(("score", "code"), [("-99", True), ("999", True), ("22", False)])
def test_a_score_that_looks_like_a_code_names_the_missing_codes(clinic: SmallClinic, score: str, code: bool) -> None:
    (found,) = clinic.write(ratings=RATINGS + f"B,2025-05-01,GAD-7,{score}\n").refusal()
    assert found.startswith("ratings.csv, row 5, column score: required a score within the range of its instrument")
    assert ("[missing] in the mapping" in found) == code


@pytest.mark.parametrize(("date", "is_refused"), [("1915-09-04", False), ("1915-09-03", True)])
def test_a_date_far_from_the_first_dose_is_said_to_be(clinic: SmallClinic, date: str, is_refused: bool) -> None:
    clinic.write(ratings=RATINGS + f"A,{date},GAD-7,3\n")
    if is_refused:
        assert clinic.refusal() == [
            (
                "ratings.csv, row 5, column date: required a date within 40,000 days of the first dose "
                "(for day of assessments); found a date too far from the first dose"
            )
        ]
    else:
        clinic.import_it()


def test_totals_keyed_as_the_items_are_one_problem(clinic: SmallClinic) -> None:
    rows = "A,2025-03-09,1,1,2,3,4,2,2,15\nA,2025-03-24,1,1,1,1,1,1,1,7\nB,2025-04-01,4,4,4,4,4,4,4,28\n"
    keyed = BY_ITEMS.replace("items =", 'total = "total"\nitem_key = "1 to 4"\nitems =')
    assert clinic.write(ratings=ITEM_HEADER + rows).refusal(keyed) == [
        (
            "clinic.toml, key assessments.1.total: required no total in assessments.1, so that the items alone count; "
            "found totals that all differ from their items by the same number, as totals of items keyed 1 to 4 do"
        )
    ]
    clinic.import_it(keyed.replace('total = "total"\n', ""))
    assert clinic.table("assessments") == ["A -1 gad7 8", "A 14 gad7 0", "B 0 gad7 21"]


WEIGHED = "id,born,sex,kg,cm\nA,1980-05-10,F,70,170\nB,1990-01-01,M,80,180\n"
BY_WEIGHT = MAPPING.replace(
    "age_years =", 'body_mass_index = { column = "kg", height_cm = "cm", convert = "body_mass_index" }\nage_years ='
).replace(
    'kind = { value = "dosing" }',
    'kind = { value = "dosing" }\n'
    'dose_mg_per_kg = { column = "dose", weight_kg = { patients = "kg" }, convert = "per_kg" }',
)


def test_a_second_weight_is_one_problem_that_names_both_rows(clinic: SmallClinic) -> None:
    patients = WEIGHED + "A,1980-05-10,F,71,170\nA,1980-05-10,F,71,170\n"
    assert clinic.write(patients=patients).refusal(BY_WEIGHT) == [
        (
            "patients.csv, rows 4, 5, column kg: required one value per patient in all rows of the patient; "
            "found another one than in row 2 of patients.csv"
        )
    ]


def test_of_many_second_values_one_line_tells(clinic: SmallClinic) -> None:
    people = [f"P{number},1980-05-10,F\n" for number in range(11)]
    patients = PATIENTS + "".join(people) + "".join(people).replace(",F", ",M")
    assert clinic.write(patients=patients).refusal() == [
        (
            "patients.csv, rows 15-25, column sex: required one value per patient in all rows of the patient; "
            "found a second one that differs"
        )
    ]


def test_a_second_rating_of_a_day_names_the_first(clinic: SmallClinic) -> None:
    (found,) = clinic.write(ratings=RATINGS + "A,2025-03-24,GAD-7,8\n").refusal()
    assert found.startswith("ratings.csv, row 5, column score: required one rating per patient, day and instrument")
    assert found.endswith("found another one than in row 3 of ratings.csv")


@pytest.mark.parametrize(("ratings", "line"), [(2, "ratings.csv, rows 2, 3, column total"), (3, "clinic.toml, key")])
def test_totals_alone_of_another_key_are_one_problem_from_three_ratings(
    clinic: SmallClinic, ratings: int, line: str
) -> None:
    rows = ["A,2025-03-09,0,0,1,2,3,1,1,15\n", "A,2025-03-24,0,0,0,0,0,0,0,7\n", "B,2025-04-01,3,3,3,3,3,3,3,28\n"]
    mapping = BY_ITEMS.replace("items =", 'total = "total"\nitems =')
    (found,) = clinic.write(ratings=ITEM_HEADER + "".join(rows[:ratings])).refusal(mapping)
    assert found.startswith(line)


def test_one_total_that_differs_otherwise_is_said_by_its_row(clinic: SmallClinic) -> None:
    rows = "A,2025-03-09,1,1,2,3,4,2,2,8\nA,2025-03-24,1,1,1,1,1,1,1,7\nB,2025-04-01,4,4,4,4,4,4,4,21\n"
    keyed = BY_ITEMS.replace("items =", 'total = "total"\nitem_key = "1 to 4"\nitems =')
    (found,) = clinic.write(ratings=ITEM_HEADER + rows).refusal(keyed)
    assert found.startswith("ratings.csv, row 3, column total: required the total of the items; remove total in")


def test_codes_of_the_patients_own_row_mean_what_the_mapping_says(clinic: SmallClinic) -> None:
    route = 'route = { patients = "way", missing = ["9"], values = { 1 = "oral", 2 = "intranasal" } }'
    mapping = MAPPING.replace('kind = { value = "dosing" }', f'kind = {{ value = "dosing" }}\n{route}')
    patients = PATIENTS.replace("sex\n", "sex,way\n").replace(",F\n", ",F,2\n").replace(",M\n", ",M,9\n")
    clinic.write(patients=patients).import_it(mapping)
    assert [line.split()[4:] for line in clinic.table("sessions")] == [["intranasal"], ["intranasal"], []]

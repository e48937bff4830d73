"""What `map` drafts from a source, and what it asks because the source does not tell it."""

import tomllib
from typing import Any

import pytest

from tests.training.intake.small_clinic import PATIENTS, RATINGS, SESSIONS, SmallClinic
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.open_questions import open_questions
from training.intake.sources.dispatch import read_source

SLASHED = "id,date,scale,score\nA,03/04/2025,GAD-7,16\nB,06/04/2025,GAD-7,12\n"
ITEMS = [f"gad7_{number}" for number in range(1, 8)]


def drafted(clinic: SmallClinic) -> dict[str, Any]:
    return tomllib.loads(draft_mapping(read_source(clinic.source)))


def asked(clinic: SmallClinic) -> list[str]:
    return [path for path, _ in open_questions(drafted(clinic))]


def rows_of_items(low: int, high: int) -> str:
    return (
        "id,date,"
        + ",".join(ITEMS)
        + f"\nA,2025-03-09,{','.join([str(high)] * 7)}\nB,2025-04-01,{','.join([str(low)] * 7)}\n"
    )


def test_what_names_and_values_tell_is_drafted_without_a_question(clinic: SmallClinic) -> None:
    clinic.write(
        sessions=SESSIONS.replace("dose", "dose_mg"),
        patients=PATIENTS.replace("sex", "sex,weight_kg").replace("F\n", "F,80\n").replace("M\n", "M,90\n"),
    )
    draft = drafted(clinic)
    assert list(open_questions(draft)) == []
    assert draft["patients_are"] == {"id": "id", "pseudonyms": True}
    assert draft["patients"][0]["age_years"] == {"column": "born", "convert": "age_at_day_0"}
    assert draft["sessions"][0]["dose_mg_per_kg"] == {
        "column": "dose_mg",
        "weight_kg": {"patients": "weight_kg"},
        "convert": "per_kg",
    }
    assert draft["assessments"][0]["instrument"] == {"column": "scale", "values": {"GAD-7": "gad7"}}


def test_a_draft_without_questions_is_imported(clinic: SmallClinic) -> None:
    clinic.write(
        sessions=SESSIONS.replace("dose", "dose_mgkg")
        .replace(",60", ",0.6")
        .replace(",70", ",0.7")
        .replace(",50", ",0.5")
    )
    clinic.import_it(draft_mapping(read_source(clinic.source)).replace("pseudonyms = true", "pseudonyms = false"))
    assert clinic.table("assessments") == ["A -1 gad7 16", "A 14 gad7 9", "B 0 gad7 12"]
    assert clinic.table("sessions")[0] == "A 1 0 dosing 0.6"


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"sessions": "id,date,dose\nA,2025-03-10,60\nA,2025-03-20,60\n"}, "sessions.1.dose_mg_per_kg"),
        ({"sessions": "id,date,dose_mg\nA,2025-03-10,60\nA,2025-03-20,60\n"}, "sessions.1.dose_mg_per_kg"),
        ({"sessions": "id,date,route\nA,2025-03-10,1\nA,2025-03-20,2\n"}, "sessions.1.route"),
        ({"sessions": "id,date,entered,dose_mgkg\nA,2025-03-10,2025-03-10,1\nA,2025-03-20,2025-03-20,1\n"}, None),
        ({"sessions": "id,date,on,mgkg\nA,2025-03-10,2025-03-10,1\nA,2025-03-20,2025-03-20,1\n"}, "sessions.1.day"),
        ({"sessions": "id,date\nA,2025-03-10\nA,2025-03-20\n"}, "sessions.1.kind"),
        ({"patients": "id,sex\nA,1\nB,2\n"}, "patients.1.sex"),
        ({"patients": "id,sex,benzodiazepine_mg\nA,F,5\nB,M,0\n"}, "patients.1.benzodiazepine_mg"),
        ({"patients": "id,sex,bzd_name,bzd_dose\nA,F,lorazepam,5\nB,M,,2\n"}, "patients.1.benzodiazepine_mg"),
        ({"patients": "id,sex,bzd_name,bzd_dose\nA,F,lorazepam,5\nB,M,,0\n"}, None),
        ({"patients": "id,sex,comorbid_ptsd\nA,F,1\nB,M,2\n"}, "patients.1.comorbid_ptsd"),
        ({"patients": "id,sex,bmi,expectancy\nA,F,-99,5\nB,M,20,-99\n"}, "missing.codes"),
        ({"ratings": RATINGS + "A,2025-03-24,GAD-7,8\n"}, "assessments.1.several_on_one_day"),
        ({"ratings": RATINGS + "A,2025-03-24,GAD-7,9\n"}, None),
        ({"ratings": RATINGS + "A,2025-03-24,XYZ,9\n"}, "assessments.1.instrument"),
        ({"ratings": SLASHED}, "dates.format"),
        ({"ratings": SLASHED.replace("/2025", "/25").replace("/", ".")}, "dates.format"),
        ({"ratings": SLASHED.replace("/", ".")}, None),
        ({"patients": "id,sex,bmi,expectancy\nA,F,-99.0,5\nB,M,20,7\n"}, "missing.codes"),
        ({"ratings": RATINGS.replace("2025-03-09", "2025-03-09T10:00Z")}, "time_zone"),
        ({"ratings": rows_of_items(1, 4)}, "assessments.1.item_key"),
        ({"ratings": rows_of_items(0, 3)}, None),
        ({"ratings": "id,gad7_bl,gad7_w4\nA,1,2\nB,3,4\n"}, None),
        ({"patients": "id,sex,gad7_v1,gad7_v2\nA,F,1,2\nB,M,3,4\n"}, "assessments.1.rows.1.day.value"),
        ({"sessions": "id,note\nA,x\n"}, "dates.day_0"),
    ],
)  # fmt: skip
def test_what_has_two_meanings_is_asked_and_nothing_else(
    clinic: SmallClinic, files: dict[str, str], path: str | None
) -> None:
    sound = {"patients": PATIENTS, "sessions": SESSIONS.replace("dose", "dose_mgkg"), "ratings": RATINGS}
    found = asked(clinic.write(**(sound | files)))
    assert found[:1] == ([] if path is None else [path])


@pytest.mark.parametrize(
    ("heading", "weight"),
    [
        ("weight_kg", {"patients": "weight_kg"}),
        ("weight (lb)", {"patients": "weight (lb)", "factor": 0.45359237}),
        ("weight_pounds", {"patients": "weight_pounds", "factor": 0.45359237}),
        ("weight_st", {"patients": "weight_st", "factor": 6.35029318}),
    ],
)
def test_a_dose_in_mg_is_divided_by_a_weight_in_kg(clinic: SmallClinic, heading: str, weight: dict[str, Any]) -> None:
    patients = f"id,sex,{heading}\nA,F,100\nB,M,200\n"
    clinic.write(patients=patients, sessions=SESSIONS.replace("dose", "dose_mg"))
    assert drafted(clinic)["sessions"][0]["dose_mg_per_kg"]["weight_kg"] == weight
    assert asked(clinic) == []


def test_pounds_give_the_dose_per_kg(clinic: SmallClinic) -> None:
    patients = "id,sex,weight_lb\nA,F,100\nB,M,200\n"
    clinic.write(patients=patients, sessions="id,date,dose_mg\nA,2025-03-10,45.359237\nB,2025-04-01,45.359237\n")
    clinic.import_it(draft_mapping(read_source(clinic.source)).replace("pseudonyms = true", "pseudonyms = false"))
    assert clinic.table("sessions") == ["A 1 0 dosing 1", "B 1 0 dosing 0.5"]


@pytest.mark.parametrize("sessions", ["dose_mg", "weight,dose_mg"])
def test_the_unit_of_a_weight_that_nothing_tells_is_asked(clinic: SmallClinic, sessions: str) -> None:
    """170 could be 170 kg, or 170 pounds: the dose per kg would differ by more than two."""
    is_own = sessions.startswith("weight")
    clinic.write(
        patients="id,sex\nA,F\nB,M\n" if is_own else "id,sex,weight\nA,F,170\nB,M,90\n",
        sessions=f"id,date,{sessions}\n" + "".join(f"A,2025-03-1{day},{'170,' * is_own}60\n" for day in (0, 7)),
    )
    assert asked(clinic) == ["sessions.1.dose_mg_per_kg.weight_kg"]


@pytest.mark.parametrize(
    ("heading", "heights", "key"),
    [
        ("height", (170, 201), {"height_cm": "height"}),
        ("height", (1.7, 2.01), {"height_m": "height"}),
        ("height", (60, 90), {"height_cm": {"column": "height", "factor": 2.54}}),
        ("height", (60, 91), {"height_cm": "height"}),
        ("height_in", (60, 75), {"height_cm": {"column": "height_in", "factor": 2.54}}),
        ("height_cm", (60, 75), {"height_cm": "height_cm"}),
    ],
)
def test_a_height_is_in_the_unit_of_its_name_or_its_range(
    clinic: SmallClinic, heading: str, heights: tuple[float, float], key: dict[str, Any]
) -> None:
    patients = f"id,sex,weight_kg,{heading}\nA,F,80,{heights[0]}\nB,M,90,{heights[1]}\n"
    clinic.write(patients=patients, sessions=SESSIONS.replace("dose", "mgkg"))
    expected = {"column": "weight_kg", **key, "convert": "body_mass_index"}
    assert drafted(clinic)["patients"][0]["body_mass_index"] == expected


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ("13/04/2025", "%d/%m/%Y"),
        ("04/13/2025", "%m/%d/%Y"),
        ("13-04-2025", "%d-%m-%Y"),
        ("13/04/25", "%d/%m/%y"),
        ("13.04.25", "%d.%m.%y"),
        ("04/13/2025 2:30 PM", "%m/%d/%Y"),
    ],
)
def test_a_day_above_12_tells_the_format_of_dates(clinic: SmallClinic, first: str, found: str) -> None:
    ratings = f"id,date,scale,score\nA,{first},GAD-7,1\n"
    assert drafted(clinic.write(ratings=ratings, sessions=SESSIONS.replace("dose", "mgkg")))["dates"]["format"] == found


def test_visits_in_names_are_days_and_dates_of_visits_win(clinic: SmallClinic) -> None:
    patients = "id,sex,gad7_bl,gad7_w4,w4_date,gad7_month3\nA,F,1,2,2025-04-10,3\nB,M,4,5,2025-04-29,6\n"
    (block,) = drafted(clinic.write(patients=patients, ratings="id,x\nA,1\nA,2\n"))["assessments"]
    assert [row["day"] for row in block["rows"]] == [{"value": 0}, "w4_date", {"value": 91}]


def test_a_group_that_is_empty_now_is_drafted_too(clinic: SmallClinic) -> None:
    header = "id,sex,dose1_date,dose1_route,dose2_date,dose2_route,dose3_date,dose3_route"
    patients = f"{header}\nA,F,2025-03-10,IM,2025-03-20,im,,\nB,M,2025-04-01,iv,,,,\n"
    blocks = drafted(clinic.write(patients=patients))["sessions"]
    (rows,) = (block["rows"] for block in blocks if "rows" in block)
    assert [row["day"] for row in rows] == ["dose1_date", "dose2_date", "dose3_date"]
    assert rows[2]["route"]["column"] == "dose3_route"
    assert rows[2]["kind"] == {"value": "dosing"}


def test_the_draft_ends_with_what_is_not_read_and_a_date_in_a_name_is_a_star(clinic: SmallClinic) -> None:
    text = draft_mapping(read_source(clinic.write(notes_2025_01_31="id,note\nA,x\n").source))
    assert text.rstrip().splitlines()[-2:] == ["# Not read:", "# notes_2025_01_31.csv: note"]
    clinic.write(ratings_20250131=RATINGS)
    (clinic.source / "ratings.csv").unlink()
    assert drafted(clinic)["assessments"][0]["from"] == "ratings_*.csv"


def test_files_that_only_their_dates_tell_apart_keep_their_whole_names(clinic: SmallClinic) -> None:
    clinic.write(ratings_20250131=RATINGS, ratings_20250228="id,date,scale,score\nA,2025-03-30,GAD-7,1\n")
    (clinic.source / "ratings.csv").unlink()
    names = [block["from"] for block in drafted(clinic)["assessments"]]
    assert names == ["ratings_20250131.csv", "ratings_20250228.csv"]


def wide(scale: str, *forms: tuple[str, list[int]]) -> str:
    """Two visits of each form's patient: the given items, and all of the lowest of them."""
    names = [f"{scale}_{number}_{visit}" for visit in ("bl", "w4") for number in range(1, 8)]
    rows = [",".join([patient, *map(str, items), *[str(min(items))] * 7]) for patient, items in forms]
    return "\n".join([",".join(["id", *names]), *rows]) + "\n"


def test_the_key_of_items_at_several_visits_is_asked_once_for_all_of_them(clinic: SmallClinic) -> None:
    ratings = wide("gad7", ("A", [4, 3, 2, 1, 1, 1, 1]), ("B", [1] * 7))
    clinic.write(ratings=ratings, sessions=SESSIONS.replace("dose", "dose_mgkg"))
    assert asked(clinic) == ["assessments.1.item_key"]
    text = draft_mapping(read_source(clinic.source)).replace('answer = "?"', 'answer = "1 to 4"')
    clinic.import_it(text.replace("pseudonyms = true", "pseudonyms = false").replace('"dose_mgkg"', "{ value = 1 }"))
    assert clinic.table("assessments") == ["A 0 gad7 6", "B 0 gad7 0", "A 28 gad7 0", "B 28 gad7 0"]


@pytest.mark.parametrize("scale", ["hads_a", "hads_d"])
def test_whether_items_are_points_or_positions_is_asked_at_several_visits_too(clinic: SmallClinic, scale: str) -> None:
    clinic.write(ratings=wide(scale, ("A", [0, 1, 2, 3, 0, 1, 2])), sessions=SESSIONS.replace("dose", "mgkg"))
    (question,) = open_questions(drafted(clinic))
    assert question[0] == "assessments.1.item_key"
    assert "points printed on the form? Positions of the answers" in question[1]


def test_whether_a_stai_is_form_y_is_asked(clinic: SmallClinic) -> None:
    names = ",".join(f"stai_t_{number}" for number in range(1, 21))
    rows = f"id,date,{names}\nA,2025-03-09,{','.join(['1', '4'] * 10)}\n"
    clinic.write(ratings=rows, sessions=SESSIONS.replace("dose", "mgkg"))
    (question,) = open_questions(drafted(clinic))
    assert "Is this form Y? Form X reverses other items." in question[1]


def test_labels_tell_the_key_where_nobody_chose_the_highest_answer(clinic: SmallClinic) -> None:
    choices = "1, Not at all | 2, Several days | 3, More than half | 4, Nearly every day"
    fields = "".join(f"{name},questionnaires,radio,,{choices.replace(',', ';')}\n" for name in ITEMS)
    dictionary = "Variable / Field Name,Form Name,Field Type,Field Label,Choices\n" + fields
    clinic.source.mkdir()
    export = "record_id,redcap_data_access_group,q_date," + ",".join(ITEMS) + "\n1,x,2025-03-09," + ",".join("3" * 7)
    (clinic.source / "x_DATA.csv").write_text(export + "\n", encoding="utf-8")
    heading = "Choices, Calculations, OR Slider Labels"
    text = dictionary.replace("Choices", f'"{heading}"', 1)
    text = text.replace(choices.replace(",", ";"), f'"{choices}"')
    (clinic.source / "x_DataDictionary.csv").write_text(text, encoding="utf-8")
    (block,) = drafted(clinic)["assessments"]
    assert block["item_key"] == "1 to 4"

"""Earlier treatments: a tick says that there was one, not that it still runs, and the same row twice is one mistake."""

import pytest

from tests.training.intake.conversion.test_import import sentences
from tests.training.intake.small_clinic import MAPPING, SmallClinic
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.open_questions import open_questions
from training.intake.sources.dispatch import read_source

TICKED = "id,born,sex,bzd_mg,took_ssri,took_bzd\nA,1980-05-10,F,0,1,1\nB,1990-01-01,M,5,1,0\n"
BOXES = """
[[prior_treatments]]
from = "patients.csv"
ENDED
rows = [
  { when = "took_ssri", treatment = { value = "ssri" } },
  { when = "took_bzd", treatment = { value = "benzodiazepine" } },
]
"""
ASKED = "prior_treatments_recorded = { value = true }\nbenzodiazepine_mg = 'bzd_mg'\n[[sessions]]"
FROM_TICKS = MAPPING.replace("[[sessions]]", ASKED) + BOXES
ENDED, RUNNING = FROM_TICKS.replace("ENDED", 'ended = "yes"'), FROM_TICKS.replace("ENDED", 'ended = "no"')
HISTORY = """
[[prior_treatments]]
from = "history.csv"
treatment = "treatment"
start_day = "since"
"""


def test_what_has_ended_on_an_unknown_day_ends_on_day_0_and_is_counted(clinic: SmallClinic) -> None:
    record = clinic.write(patients=TICKED).import_it(ENDED)
    assert clinic.table("prior_treatments") == ["A ssri 0", "B ssri 0", "A benzodiazepine 0"]
    assert "3 treatments that ended on an unknown day: taken as day 0, by ended in the mapping" in sentences(record)


def test_what_still_runs_has_no_end_and_is_counted(clinic: SmallClinic) -> None:
    record = clinic.write(patients=TICKED).import_it(RUNNING)
    assert clinic.table("prior_treatments") == ["A ssri", "B ssri", "A benzodiazepine"]
    assert "3 treatments without an end: taken as still running on day 0" in sentences(record)


def test_a_row_may_say_otherwise_than_its_block(clinic: SmallClinic) -> None:
    of_benzodiazepines = '{ when = "took_bzd", ended = "no",'
    clinic.write(patients=TICKED).import_it(ENDED.replace('{ when = "took_bzd",', of_benzodiazepines))
    assert clinic.table("prior_treatments") == ["A ssri 0", "B ssri 0", "A benzodiazepine"]


def test_a_benzodiazepine_that_runs_beside_no_dose_and_the_reverse_are_warned_of(clinic: SmallClinic) -> None:
    warnings = " ".join(" ".join(clinic.write(patients=TICKED).import_it(RUNNING).warnings).split())
    assert "a benzodiazepine still runs for 1 patient whose daily dose is 0 mg" in warnings
    assert "1 patient with a daily dose above 0 mg have no benzodiazepine that runs" in warnings


def test_dose_and_treatment_that_agree_are_not_warned_of(clinic: SmallClinic) -> None:
    agreeing = TICKED.replace("F,0,1,1", "F,5,1,1").replace("M,5,1,0", "M,0,1,0")
    warnings = " ".join(clinic.write(patients=agreeing).import_it(RUNNING).warnings)
    assert "benzodiazepine" not in warnings


def test_a_draft_asks_whether_treatments_without_an_end_have_ended(clinic: SmallClinic) -> None:
    clinic.write(history="id,treatment\nA,ssri\nB,cbt\n")
    assert "Had they ended by day 0" in draft_mapping(read_source(clinic.source))
    clinic.write(history="id,treatment,end_date\nA,ssri,2024-01-01\nB,cbt,2024-01-01\n")
    assert "Had they ended by day 0" not in draft_mapping(read_source(clinic.source))


def test_the_same_row_twice_is_one_treatment(clinic: SmallClinic) -> None:
    history = "id,treatment,since\nA,ssri,2024-01-01\nB,ssri,2024-01-01\nA,ssri,2024-01-01\n"
    record = clinic.write(history=history).import_it(MAPPING + HISTORY)
    assert len(clinic.table("prior_treatments")) == 2
    assert "1 earlier treatments that repeat another one with the same days: left out" in sentences(record)


def test_the_same_row_without_a_start_may_be_a_second_course_and_is_refused(clinic: SmallClinic) -> None:
    history = "id,treatment,since\nA,ssri,\nB,ssri,\nA,ssri,\n"
    (line,) = clinic.write(history=history).refusal(MAPPING + HISTORY)
    assert line.startswith("history.csv, row 4: required each earlier treatment once; where there were two, a column")
    assert line.endswith("found the same as in row 2")


def test_rows_that_a_column_tells_apart_are_two_treatments(clinic: SmallClinic) -> None:
    history = "id,treatment,since,drug\nA,ssri,,sertraline\nA,ssri,,citalopram\n"
    clinic.write(history=history).import_it(MAPPING + HISTORY)
    assert len(clinic.table("prior_treatments")) == 2


def test_a_course_that_began_on_another_day_is_a_second_one(clinic: SmallClinic) -> None:
    history = "id,treatment,since\nA,ssri,2024-01-01\nA,ssri,2024-02-01\n"
    clinic.write(history=history).import_it(MAPPING + HISTORY)
    assert len(clinic.table("prior_treatments")) == 2


def test_the_row_of_a_patient_twice_gives_no_treatment_twice(clinic: SmallClinic) -> None:
    record = clinic.write(patients=TICKED + "A,1980-05-10,F,0,1,1\n").import_it(ENDED)
    assert len(clinic.table("prior_treatments")) == 3
    assert "2 earlier treatments that are ticked in a second row of the patient: counted once" in sentences(record)


@pytest.mark.parametrize("cell", ["22", "x", "7.5"])
def test_a_tick_is_a_spelling_of_true(clinic: SmallClinic, cell: str) -> None:
    (line,) = clinic.write(patients=TICKED.replace("F,0,1,1", f"F,0,1,{cell}")).refusal(ENDED)
    assert line.startswith("patients.csv, row 2, column took_bzd: required true or false")
    assert cell not in line.partition("required")[2]


def test_a_when_with_dates_is_true_where_there_is_one(clinic: SmallClinic) -> None:
    dated = TICKED.replace("1,1\n", "1,2024-01-01\n").replace("1,0\n", "1,\n")
    mapping = ENDED.replace('{ when = "took_bzd",', '{ when = "took_bzd", start_day = "took_bzd",')
    clinic.write(patients=dated).import_it(mapping)
    assert len(clinic.table("prior_treatments")) == 3


def test_an_answer_other_than_yes_or_no_is_refused(clinic: SmallClinic) -> None:
    (line,) = clinic.write(patients=TICKED).refusal(FROM_TICKS.replace("ENDED", 'ended = "maybe"'))
    assert line.startswith('clinic.toml, key prior_treatments.1.ended: required "yes" or "no"')


def test_the_question_is_open_until_it_is_answered() -> None:
    asked = {"prior_treatments": [{"ended": {"question": "Had they ended?", "answer": "?"}}]}
    assert [path for path, _ in open_questions(asked)] == ["prior_treatments.1.ended"]

"""An entry of the log is checked by itself, and its answer computed anew from its row: what differs is named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.protocol.problems import InputRefusedError
from models.bundle import Bundle
from models.promotion import Granted
from serving.log.erasure import erase_patient
from serving.log.queries import LogEntry, read_entries
from serving.verification.rescore import NOT_FROM_ROW, EntryFacts, differences, facts_of, is_request
from tests.serving.bundles import toy_bundle, wavering, with_applicability
from tests.serving.logs import SECRET
from tests.serving.requests import changed, example
from tests.training.prediction_logs import PredictionLog, ServedBundle

BUNDLE = replace(wavering(with_applicability(toy_bundle())), digest="b" * 64)
"""With intervals and verdicts."""
MODEL = ServedBundle(BUNDLE, "3", "a1b2")
AGES = {"inside": 41, "at_the_edge": 61, "outside": 92}


@pytest.fixture
def log(tmp_path: Path) -> PredictionLog:
    return PredictionLog(tmp_path)


def aged(years: int) -> dict[str, Any]:
    return changed(("patient", "age_years"), years)


def facts(log: PredictionLog, prediction_id: str) -> EntryFacts:
    with log.open() as state:
        return facts_of(state, prediction_id)


def entry_of(log: PredictionLog, document: dict[str, Any], *, in_full: bool = True) -> LogEntry:
    (prediction_id,) = log.answer(MODEL, document, in_full=in_full)
    return log.entry(prediction_id)


@pytest.mark.parametrize("in_full", [True, False])
@pytest.mark.parametrize("verdict", AGES)
def test_a_logged_answer_follows_from_its_row(log: PredictionLog, verdict: str, in_full: bool) -> None:
    entry = entry_of(log, aged(AGES[verdict]), in_full=in_full)
    assert entry.answer is not None
    answer = json.loads(entry.answer)
    assert answer["applicability"]["verdict"] == verdict
    assert answer["outcome"] == ("not_predictable" if verdict == "outside" else "predicted")
    assert differences(BUNDLE, entry) == ()


def leaves(part: Any, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value in a JSON document by its path."""
    if isinstance(part, dict | list) and part:
        for name, inner in part.items() if isinstance(part, dict) else enumerate(part):
            yield from leaves(inner, *path, name)
    else:
        yield path, part


def other(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + 3e-5
    return value + "x" if isinstance(value, str) else ["x"]


GRANTED: Granted = {one.landmark.name: {"remission": "clinic", "relapse_84": "shadow"} for one in BUNDLE.models}


@pytest.mark.parametrize("in_full", [True, False])
def test_the_answers_in_shadow_follow_from_the_row_too(log: PredictionLog, in_full: bool) -> None:
    (prediction_id,) = log.answer(replace(MODEL, granted=GRANTED), aged(41), in_full=in_full)
    entry = log.entry(prediction_id)
    assert differences(BUNDLE, entry) == ()
    shadow = json.loads(entry.shadow or "")
    for path, value in leaves(shadow):
        if path[-1] != "message":
            changed_entry = replace(entry, shadow=json.dumps(changed(path, other(value), shadow)))
            assert all(text.startswith("shadow.") for text in differences(BUNDLE, changed_entry)), path
            assert differences(BUNDLE, changed_entry), path
    assert differences(BUNDLE, replace(entry, shadow=None))
    assert differences(BUNDLE, replace(entry, shadow="{")) == ("the answers in shadow can't be read",)


def test_an_answer_of_an_earlier_version_has_no_tiers_and_follows_from_its_row(log: PredictionLog) -> None:
    entry = entry_of(log, aged(41))
    earlier = {name: part for name, part in json.loads(entry.answer or "").items() if name not in ("tiers", "withheld")}
    assert differences(BUNDLE, replace(entry, answer=json.dumps(earlier))) == ()


@pytest.mark.parametrize("verdict", AGES)
def test_whatever_part_of_an_answer_is_changed_is_named(log: PredictionLog, verdict: str) -> None:
    entry = entry_of(log, aged(AGES[verdict]))
    answer = json.loads(entry.answer or "")
    changes = 0
    for path, value in leaves(answer):
        if path[0] in ("cautions", "not_used"):
            continue
        wrong = differences(BUNDLE, replace(entry, answer=json.dumps(changed(path, other(value), answer))))
        if path[-1] in ("message", "remedy") or path[0] == "notes":
            assert not wrong or not isinstance(value, str), "another release may word a sentence otherwise"
            continue
        assert wrong, path
        if path[0] == "tiers":  # by the tiers follows what was to be given
            changes += 1
            continue
        assert all(text.startswith(str(path[0])) for text in wrong), path
        changes += 1
    assert changes > (8 if verdict == "outside" else 200)


@pytest.mark.parametrize("name", ["cautions", "not_used"])
def test_what_the_row_does_not_give_is_not_compared(log: PredictionLog, name: str) -> None:
    entry = entry_of(log, example())
    answer = json.loads(entry.answer or "") | {name: "another"}
    assert name in NOT_FROM_ROW
    assert differences(BUNDLE, replace(entry, answer=json.dumps(answer))) == ()


@pytest.mark.parametrize("part", ["remission", "reasons", "not_recorded", "landmark", "applicability"])
def test_a_part_that_was_taken_out_is_named(log: PredictionLog, part: str) -> None:
    entry = entry_of(log, example())
    answer = json.loads(entry.answer or "")
    del answer[part]
    assert differences(BUNDLE, replace(entry, answer=json.dumps(answer)))[0].startswith(part)


def test_a_part_that_was_made_up_is_named(log: PredictionLog) -> None:
    entry = entry_of(log, example())
    answer = json.loads(entry.answer or "") | {"advice": "none"}
    answer["not_recorded"].append("shoe_size")
    place = len(answer["not_recorded"]) - 1
    expected = (f"not_recorded[{place}]: given, and not computed", "advice: given, and not computed")
    assert differences(BUNDLE, replace(entry, answer=json.dumps(answer))) == expected


@pytest.mark.parametrize(
    ("path", "apart", "expected"),
    [
        (("remission", "probability"), 0.9e-9, ()),
        (("remission", "probability"), 2e-9, ("remission.probability: by 2.0e-09",)),
        (
            ("relapse", "at_horizons", 0, "interval_90", "low"),
            -2e-9,
            ("relapse.at_horizons[0].interval_90.low: by 2.0e-09",),
        ),
        (("reasons", "relapse", "log_odds"), 0.9e-5, ()),
        (("reasons", "relapse", "log_odds"), 2e-5, ("reasons.relapse.log_odds: by 2.0e-05",)),
    ],
)
def test_a_number_may_differ_by_what_arithmetic_leaves_open(
    log: PredictionLog, path: tuple[str | int, ...], apart: float, expected: tuple[str, ...]
) -> None:
    entry = entry_of(log, example())
    answer = json.loads(entry.answer or "")
    value = next(found for place, found in leaves(answer) if place == path)
    assert differences(BUNDLE, replace(entry, answer=json.dumps(changed(path, value + apart, answer)))) == expected


def test_the_order_of_nearly_equal_contributions_is_left_open(log: PredictionLog) -> None:
    entry = entry_of(log, example())
    answer = json.loads(entry.answer or "")
    answer["reasons"]["remission"]["contributions"].reverse()
    assert differences(BUNDLE, replace(entry, answer=json.dumps(answer))) == ()


def test_another_row_gives_another_answer_and_no_value_is_reported(log: PredictionLog) -> None:
    entry = entry_of(log, aged(41))
    row = json.loads(entry.row or "") | {"age_years": 57.5}
    wrong = differences(BUNDLE, replace(entry, row=json.dumps(row)))
    assert "reasons.remission.contributions.age_years.value" in wrong
    assert any(text.startswith("remission.probability: by ") for text in wrong)
    assert not any(value in text for text in wrong for value in ("41", "57.5", "16.5"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"row": '{"shoe_size": 41}'}, "row: an unknown feature, not a feature of the catalogue"),
        ({"row": '{"age_years": "41"}'}, "row: a text, not a finite number"),
        ({"row": "41"}, "the row or the answer can't be read"),
        ({"answer": "{"}, "the row or the answer can't be read"),
        ({"landmark": "before session 9"}, "landmark: another landmark, not one of"),
    ],
)
def test_what_can_not_be_computed_is_reported_without_a_value(
    log: PredictionLog, changes: dict[str, str], expected: str
) -> None:
    (wrong,) = differences(BUNDLE, replace(entry_of(log, example()), **changes))  # type: ignore[arg-type]
    assert wrong.startswith(expected)
    assert "41" not in wrong


def test_another_bundle_is_named(log: PredictionLog) -> None:
    other_bundle: Bundle = replace(BUNDLE, digest="c" * 64)
    assert differences(other_bundle, entry_of(log, example())) == ("model",)


@pytest.mark.parametrize(
    ("landmark", "expected"),
    [
        ({"name": "before session 3", "day": 14}, ()),  # as an earlier release wrote it
        ({"name": "before session 3", "day": 14, "date": None}, ()),
        ({"name": "before session 3", "day": 14, "date": "2026-10-21"}, ("landmark",)),
        ({"name": "before session 3", "day": 13}, ("landmark",)),
    ],
)
def test_a_logged_landmark_has_a_day_and_no_date(
    log: PredictionLog, landmark: dict[str, Any], expected: tuple[str, ...]
) -> None:
    entry = entry_of(log, example())
    answer = json.loads(entry.answer or "") | {"landmark": landmark}
    assert differences(BUNDLE, replace(entry, answer=json.dumps(answer))) == expected


def test_entries_as_they_were_written_hold_wherever_they_stand(log: PredictionLog) -> None:
    ids = log.answer(MODEL, *[example()] * 3) + log.answer(MODEL, example())
    found = [facts(log, prediction_id) for prediction_id in ids]
    assert [(one.entry.writer, one.entry.number) for one in found] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert [(one.findings, one.erasure, one.erased) for one in found] == [((), None, False)] * 4


def test_an_id_that_is_not_there_or_is_an_erasures_is_refused(log: PredictionLog) -> None:
    log.answer(MODEL, example())
    with log.open() as state:
        erase_patient(state.engine, SECRET, "c1-0042", by="Ada", reason="asked for")
        (erasure,) = read_entries(state.engine, state.secret, kind="erasure")
    for prediction_id in ("nothing", erasure.prediction_id):
        with pytest.raises(InputRefusedError):
            facts(log, prediction_id)


STUB = ["at", "caller", "model_digest", "model_version", "run_id", "landmark", "code"]


@pytest.mark.parametrize("column", [*STUB, "landmark_day", "latency_us", "content"])
def test_a_change_to_what_stays_of_an_entry_is_found(log: PredictionLog, column: str) -> None:
    first, prediction_id, _ = log.answer(MODEL, *[example()] * 3)
    log.change(prediction_id, **{column: 8 if column in ("landmark_day", "latency_us") else "é"})
    assert "it was changed, or is not in its place" in facts(log, prediction_id).findings
    assert facts(log, first).findings == ()


@pytest.mark.parametrize("column", ["nonce", "patient", "input_digest", "row", "answer", "idempotency"])
def test_a_change_to_the_content_is_found(log: PredictionLog, column: str) -> None:
    (prediction_id,) = log.answer(MODEL, example())
    log.change(prediction_id, **{column: "é"})
    assert facts(log, prediction_id).findings == ("its content was changed",)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM entries WHERE number = 1", "the previous entry in its chain is missing"),
        ("DELETE FROM writers", "its writer is missing"),
        ("UPDATE writers SET entries = 1", "the length of its writer's chain was changed"),
        ("UPDATE entries SET number = 'x' WHERE number = 2", "its number was changed"),
    ],
)
def test_a_change_around_an_entry_is_found(log: PredictionLog, statement: str, expected: str) -> None:
    _, prediction_id, _ = log.answer(MODEL, *[example()] * 3)
    log.sql(statement)
    assert facts(log, prediction_id).findings == (expected,)


def test_an_entry_put_behind_the_end_of_a_chain_is_found(log: PredictionLog) -> None:
    (first,), (second,) = log.answer(MODEL, example()), log.answer(MODEL, example())
    for table in ("entries", "content_keys"):
        log.sql(f"UPDATE {table} SET writer = 1, number = 2 WHERE writer = 2")
    expected = ("it was changed, or is not in its place", "its writer's chain ends with another entry")
    assert facts(log, second).findings == expected
    assert facts(log, first).findings == ()


def erased(log: PredictionLog) -> str:
    """The id of an entry whose content was erased."""
    (prediction_id,) = log.answer(MODEL, example())
    with log.open() as state:
        assert erase_patient(state.engine, SECRET, "c1-0042", by="Ada", reason="asked for") == 1
    return prediction_id


def test_an_erased_entry_tells_of_its_erasure(log: PredictionLog) -> None:
    found = facts(log, erased(log))
    assert found.erased
    assert found.findings == ()
    assert found.erasure is not None
    assert (found.erasure.by, found.erasure.reason) == ("Ada", "asked for")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries WHERE kind = 'erasure'",
        "UPDATE entries SET erased_by = NULL",
        "UPDATE entries SET erased_by = prediction_id WHERE kind = 'prediction'",
    ],
)
def test_content_that_is_gone_without_an_erasure_is_found(log: PredictionLog, statement: str) -> None:
    prediction_id = erased(log)
    log.sql(statement)
    found = facts(log, prediction_id)
    assert found.findings == ("its content is missing, and no erasure names it",)
    assert found.erasure is None


@pytest.mark.parametrize("answer", ['{"erased": 3}', '{"erased": ["another"]}', "x"])
def test_content_that_its_erasure_does_not_name_is_found(log: PredictionLog, answer: str) -> None:
    prediction_id = erased(log)
    log.change(log.erasure(), answer=answer)
    assert facts(log, prediction_id).findings == ("its content is missing, and no erasure names it",)


def test_a_changed_erasure_is_found(log: PredictionLog) -> None:
    prediction_id = erased(log)
    log.change(log.erasure(), answer=str(log.entry(log.erasure()).answer).replace("Ada", "Eve"))
    (finding,) = facts(log, prediction_id).findings
    assert finding.endswith("its content was changed")
    log.sql("UPDATE entries SET ciphertext = x'00' WHERE kind = 'prediction'")
    assert "it is only partly erased" in facts(log, prediction_id).findings


@pytest.mark.parametrize("in_full", [True, False])
def test_a_request_is_recognised_by_its_content_however_it_is_written(log: PredictionLog, in_full: bool) -> None:
    entry = entry_of(log, example(), in_full=in_full)
    reordered = json.dumps(dict(reversed(example().items())), indent=3)
    assert is_request(SECRET, entry, reordered.encode()) is True
    assert is_request(SECRET, entry, json.dumps(aged(42)).encode()) is False
    assert is_request(SECRET, replace(entry, input_digest=None), reordered.encode()) is None


def test_a_file_that_is_no_request_is_refused_without_its_values(log: PredictionLog) -> None:
    with pytest.raises(InputRefusedError) as refused:
        is_request(SECRET, entry_of(log, example()), json.dumps(aged(4711)).encode())
    (problem,) = refused.value.problems
    assert problem.place == "patient.age_years"
    assert "4711" not in str(vars(problem))

"""Feedback and what-ifs in the log: bound to their prediction, counted apart, and erased with the patient."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.protocol.problems import InputRefusedError
from serving.cds_hooks.feedback import CardFeedback, read_feedback
from serving.log.append import Draft, LoggedReply, PredictionErasedError
from serving.log.check import check_log
from serving.log.erasure import erase_patient, prune
from serving.log.feedback import LoggedFeedback, feedback_draft, read_feedback_entries
from serving.log.queries import LogEntry, find_entry, find_predictions, read_entries
from serving.log.writer import LogWriter
from serving.storage.state import State
from serving.verification.rescore import facts_of
from tests.serving.cds_hooks.feedbacks import REASON, overridden
from tests.serving.logs import SECRET, draft, log_in, logged


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Engine]:
    engine = log_in(tmp_path)
    logged(engine, [draft(number) for number in range(3)])
    yield engine
    engine.dispose()


def given(**parts: object) -> CardFeedback:
    return read_feedback(json.dumps(overridden(**parts)).encode()).feedback[0]  # type: ignore[arg-type]


def entry(log: Engine, prediction_id: str) -> LogEntry:
    found = find_entry(log, SECRET, prediction_id)
    assert found is not None
    return found


def feedback_on(log: Engine, prediction_id: str, **parts: object) -> Draft:
    service, caller = "kap-patient-view", "ehr:ward-3"
    return feedback_draft(
        SECRET, entry(log, prediction_id), given(**parts), service=service, caller=caller, latency_us=900
    )


def with_both(log: Engine) -> None:
    """Feedback on p0 and p1, and a what-if of p1's patient."""
    what_if = replace(draft(7, patient=SECRET.patient("patient-1")), kind="what_if", row=None)
    logged(log, [feedback_on(log, "p0"), feedback_on(log, "p1", comment="XMARKERX"), what_if])


def test_feedback_has_the_patient_and_the_model_of_its_prediction_and_no_row(log: Engine) -> None:
    logged(log, [feedback_on(log, "p1")])
    (found,) = read_entries(log, SECRET, kind="feedback")
    prediction = entry(log, "p1")
    assert (found.patient, found.model_digest, found.model_version, found.run_id) == (
        prediction.patient,
        prediction.model_digest,
        prediction.model_version,
        prediction.run_id,
    )
    assert (found.row, found.landmark, found.landmark_day) == (None, None, None)


def test_feedback_is_read_with_its_reason_and_without_the_patient(log: Engine) -> None:
    logged(log, [feedback_on(log, "p1")])
    (found,) = read_feedback_entries(log, SECRET)
    assert found == LoggedFeedback(
        prediction_id="p1",
        at=found.at,
        caller="ehr:ward-3",
        service="kap-patient-view",
        card="numbers",
        outcome="overridden",
        reason=f"{REASON['system']}|{REASON['code']}",
        acted_at="2026-11-20T10:05:31Z",
        comment="Discussed.",
    )
    assert str(entry(log, "p1").patient) not in str(found)


def test_the_same_feedback_is_one_entry_and_another_is_another(log: Engine) -> None:
    first, again = logged(log, [feedback_on(log, "p1")], [feedback_on(log, "p1")])
    assert first == again
    assert isinstance(first[0], LoggedReply)
    logged(log, [feedback_on(log, "p1", outcomeTimestamp="2026-11-20T11:00:00Z")])
    assert len(list(read_feedback_entries(log, SECRET))) == 2


def test_only_predictions_count_as_predictions(log: Engine) -> None:
    with_both(log)
    checked = check_log(log, SECRET)
    assert (checked.predictions, checked.feedback, checked.what_ifs, checked.erasures) == (3, 2, 1, 0)
    assert checked.findings == ()
    assert [one.prediction_id for one in read_entries(log, SECRET)] == ["p0", "p1", "p2"]
    assert len(list(read_entries(log, SECRET, kind=None))) == 6


def test_feedback_of_a_prediction_is_found_by_it(log: Engine) -> None:
    with_both(log)
    logged(log, [draft(4), draft(9, prediction_id="p1b", patient=SECRET.patient("patient-1"))])
    logged(log, [feedback_on(log, "p1b", comment="another prediction of the same patient")])
    (found,) = read_feedback_entries(log, SECRET, entry(log, "p1"))
    assert found.comment == "XMARKERX"
    assert list(read_feedback_entries(log, SECRET, entry(log, "p2"))) == []


def test_only_predictions_are_found_to_give_feedback_on(log: Engine) -> None:
    with_both(log)
    (first, *_) = read_entries(log, SECRET, kind="feedback")
    found = find_predictions(log, SECRET, ["p1", "p7", first.prediction_id, "elsewhere", "p1"])
    assert list(found) == ["p1"]


def test_erasing_a_patient_erases_their_feedback_and_what_ifs(log: Engine, tmp_path: Path) -> None:
    with_both(log)
    assert erase_patient(log, SECRET, "patient-1", by="the clinic", reason="asked for") == 3
    checked = check_log(log, SECRET)
    assert (checked.findings, checked.predictions, checked.erased, checked.feedback) == ((), 3, 1, 2)
    assert [one.prediction_id for one in read_feedback_entries(log, SECRET)] == ["p0"]
    (erasure,) = read_entries(log, SECRET, kind="erasure")
    assert len(json.loads(erasure.answer or "")["erased"]) == 3
    log.dispose()
    assert b"XMARKERX" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_nothing_is_added_about_a_patient_who_was_erased_while_it_waited(log: Engine) -> None:
    of_erased, of_other = feedback_on(log, "p1", comment="XMARKERX"), feedback_on(log, "p2")

    async def both() -> list[object]:
        writer = LogWriter(log, SECRET)
        waiting = [writer.append([of_erased], ["p1"]), writer.append([of_other], ["p2"]), writer.append([draft(5)])]
        try:
            return list(await asyncio.gather(*waiting, return_exceptions=True))
        finally:
            writer.close()

    erase_patient(log, SECRET, "patient-1", by="the clinic", reason="asked for")
    refused, *kept = asyncio.run(both())
    assert isinstance(refused, PredictionErasedError)
    assert [one[0].prediction_id for one in kept] == [of_other.prediction_id, "p5"]  # type: ignore[index]
    assert [one.prediction_id for one in read_feedback_entries(log, SECRET)] == ["p2"]
    assert check_log(log, SECRET).findings == ()


def test_old_feedback_and_what_ifs_are_pruned_like_predictions_and_erasures_are_not(log: Engine) -> None:
    with_both(log)
    erase_patient(log, SECRET, "patient-2", by="the clinic", reason="asked for")
    assert prune(log, SECRET, "9999", by="the clinic") == 5
    assert list(read_feedback_entries(log, SECRET)) == []
    assert check_log(log, SECRET).findings == ()
    assert len(list(read_entries(log, SECRET, kind="erasure"))) == 2


@pytest.mark.parametrize(("kind", "named"), [("feedback", "feedback"), ("what_if", "a what-if")])
def test_lineage_is_for_predictions_and_names_what_else_an_id_is(log: Engine, kind: str, named: str) -> None:
    with_both(log)
    other = next(one for one in read_entries(log, SECRET, kind=None) if one.kind == kind)
    with pytest.raises(InputRefusedError) as refused:
        facts_of(State(SECRET, log), other.prediction_id)
    assert named in refused.value.problems[0].found


def test_a_changed_comment_is_found_by_the_check(log: Engine) -> None:
    with_both(log)
    with log.begin() as connection:
        connection.exec_driver_sql("UPDATE entries SET ciphertext = x'0102' WHERE kind = 'feedback' AND number = 5")
        connection.exec_driver_sql("UPDATE entries SET kind = 'prediction' WHERE kind = 'what_if'")
    assert check_log(log, SECRET).findings

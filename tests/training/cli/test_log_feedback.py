"""`kap log feedback` and `kap audit lineage`: what clinicians did with cards, for the researcher and the auditor."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.cds_hooks.card_ids import caution_card_of
from serving.cds_hooks.feedback import read_feedback
from serving.log.feedback import feedback_draft
from serving.log.queries import find_entry
from tests.serving.cds_hooks.feedbacks import CARD, REASON, overridden
from tests.serving.logs import SECRET, draft, logged
from tests.training.prediction_logs import PredictionLog
from training.audit.prediction_lineage import ConfirmedOrigin
from training.cli.app import main
from training.cli.texts.feedback_text import as_csv

REASON_TEXT = f"{REASON['system']}|{REASON['code']}"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PredictionLog:
    """Two predictions, with feedback on the first: on its numbers with a comment, then on its cautions."""
    kept = PredictionLog(tmp_path / "kap-state")
    kept.folder.mkdir()
    kept.add(draft(1), draft(2))
    with kept.open() as state:
        prediction = find_entry(state.engine, SECRET, "p1")
        assert prediction is not None
        for service, sent in (
            ("kap-patient-view", overridden(comment="XMARKERX")),
            ("kap-order-sign", overridden(caution_card_of(CARD).upper(), reason=None, comment=None)),
        ):
            (one,) = read_feedback(json.dumps(sent).encode()).feedback
            made = feedback_draft(SECRET, prediction, one, service=service, caller="ehr:ward-3", latency_us=900)
            logged(state.engine, [made])
    monkeypatch.setenv("KAP_STATE", str(kept.folder))
    return kept


def kap(*arguments: str) -> str:
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code in (0, 4, 5), done.output
    return done.stdout


@pytest.mark.usefixtures("log")
def test_feedback_is_printed_without_patient_and_comment() -> None:
    lines = [json.loads(line) for line in kap("log", "feedback").splitlines()]
    assert [(one["prediction_id"], one["service"], one["outcome"], one["reason"]) for one in lines] == [
        ("p1", "kap-patient-view", "overridden", REASON_TEXT),
        ("p1", "kap-order-sign", "overridden", None),
    ]
    assert all(
        set(one) == {"prediction_id", "at", "caller", "service", "card", "outcome", "reason", "acted_at"}
        for one in lines
    )


@pytest.mark.usefixtures("log")
def test_feedback_is_a_table_for_a_spreadsheet() -> None:
    rows = list(csv.DictReader(io.StringIO(kap("log", "feedback", "--csv"))))
    assert [row["service"] for row in rows] == ["kap-patient-view", "kap-order-sign"]
    assert rows[0]["reason"] == REASON_TEXT


def test_no_spreadsheet_runs_what_an_ehr_sent() -> None:
    assert as_csv([{"reason": "=1+1"}, {"reason": None}, {"reason": "a"}], ["reason"]) == 'reason\n\'=1+1\n""\na\n'


@pytest.mark.usefixtures("log")
def test_dismissed_cautions_differ_from_dismissed_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.loads(line) for line in kap("log", "feedback").splitlines()]
    rows = csv.DictReader(io.StringIO(kap("log", "feedback", "--csv")))
    monkeypatch.setattr("training.audit.prediction_lineage.traced_origin", lambda *_: ([], ConfirmedOrigin()))
    listed = json.loads(kap("audit", "lineage", "p1", "--json"))["feedback"]
    for found in (lines, list(rows), listed):
        assert [one["card"] for one in found] == ["numbers", "cautions"]
    shown = kap("audit", "lineage", "p1")
    assert "card of numbers, overridden" in shown
    assert "card of cautions, overridden" in shown


@pytest.mark.usefixtures("log")
def test_comments_are_printed_on_demand_only() -> None:
    assert "XMARKERX" not in kap("log", "feedback") + kap("log", "feedback", "--csv")
    assert "XMARKERX" in kap("log", "feedback", "--comments")
    assert "XMARKERX" in kap("log", "feedback", "--comments", "--csv")


@pytest.mark.usefixtures("log")
def test_the_check_of_the_log_counts_feedback_apart() -> None:
    assert "besides: feedback in 2 entries, what-ifs in 0 entries" in kap("audit", "log")
    assert json.loads(kap("audit", "log", "--json"))["feedback"] == 2


@pytest.mark.usefixtures("log")
def test_an_erased_patient_has_no_feedback() -> None:
    assert kap("log", "erase", "patient-1", "--by", "Ada", "--reason", "asked for") == (
        "erased the content of 3 entries\n"
    )
    assert kap("log", "feedback") == ""


@pytest.mark.usefixtures("log")
def test_the_lineage_of_a_prediction_lists_its_feedback_without_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.audit.prediction_lineage.traced_origin", lambda *_: ([], ConfirmedOrigin()))
    shown = kap("audit", "lineage", "p1")
    assert "feedback" in shown
    assert REASON_TEXT in shown
    assert "without a reason" in shown
    assert "XMARKERX" not in shown
    listed = json.loads(kap("audit", "lineage", "p1", "--json"))["feedback"]
    assert [one["service"] for one in listed] == ["kap-patient-view", "kap-order-sign"]
    assert "XMARKERX" not in str(listed)
    assert json.loads(kap("audit", "lineage", "p2", "--json"))["feedback"] == []
    assert "feedback:     none" in kap("audit", "lineage", "p2")

"""Somebody who answers for a failed leakage check stands in the evidence, the report and the history of decisions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.commands import Workplace, refused
from tests.training.evidences import good_evidence
from tests.training.leakage.leaks import with_copy
from tests.training.trainings import QUICK
from training.audit.retraining import _settings
from training.cli.decisions.decision_text import acknowledged_text
from training.cohort.reader import read_cohort
from training.evidence.document import Acknowledgement, read_evidence
from training.experiment.evidence import build_evidence
from training.experiment.train import quietly, train
from training.leakage.checks import LeakageFoundError
from training.provenance import collect_provenance
from training.registry.decisions import FIRST, Decision
from training.registry.policy_check import PolicyCheck
from training.report.page.not_for import exclusions

TWINS = Acknowledgement(check="duplicated patients", by="A. Rivera", reason="twins of one clinic, both seen")
SAID = "acknowledged by A. Rivera: twins of one clinic, both seen"


@pytest.mark.slow
def test_a_training_goes_on_where_somebody_answers_and_keeps_who_and_why(simulated: Path) -> None:
    cohort = read_cohort(simulated)
    first = replace(cohort.protocol, landmarks=cohort.protocol.landmarks[:1])
    copied, quick = with_copy(replace(cohort, protocol=first), 17), replace(QUICK, quick=True, draws=3)
    with pytest.raises(LeakageFoundError):
        train(copied, quick, collect_provenance(), quietly, workers=1)
    finished = train(copied, replace(quick, acknowledged=(TWINS,)), collect_provenance(), quietly, workers=1)
    evidence = read_evidence(build_evidence(finished, "twins", quietly, 1).as_json())
    (found,) = [check for check in evidence.leakage if not check.passed]
    assert (found.name, found.acknowledged) == ("duplicated patients", TWINS)
    assert any(f"duplicated patients failed; {SAID}" in words for words in exclusions(evidence))
    assert _settings(finished.bundle) == finished.config  # an audit repeats it with the same acknowledgement


def test_evidence_from_before_there_were_acknowledgements_is_still_read() -> None:
    document = good_evidence().model_dump(mode="json")
    for check in document["leakage"]:
        for key in ("warning", "acknowledgeable", "acknowledged"):
            del check[key]
    assert read_evidence(json.dumps(document)) == good_evidence()


def test_the_history_marks_a_decision_that_rests_on_an_acknowledged_check() -> None:
    check = PolicyCheck(name="acknowledged: duplicated patients", passed=True, required="somebody", seen=SAID)
    decision = Decision(
        number=1,
        at="2026-11-20T10:00:00Z",
        by="B",
        action="promote",
        version="1",
        previous_champion=None,
        reason="first",
        run_id="r",
        bundle_digest="b",
        evidence_digest=None,
        seal_digest=None,
        policy_digest=None,
        checks=(check,),
        previous=FIRST,
    )
    assert acknowledged_text(decision) == f" [leakage check duplicated patients failed, {SAID}]"


def test_a_mistaken_acknowledgement_is_a_usage_error(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    (tmp_path / "c").mkdir()
    said = refused(place.kap("train", "c", "--acknowledge", "no such check"), 2)
    assert "--acknowledge" in said
    assert "duplicated patients, future perturbation, implausible features, shuffled outcomes" in said
    assert "--by" in said
    assert "--reason" in said

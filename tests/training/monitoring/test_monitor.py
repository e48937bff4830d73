"""A clinic's log, from its predictions to what follows: who came, what was answered, and whether it came true.

A clinic of thirty patients a month uses the model of the session's training; its patients are those of the training's
own sites that the reference leaves out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.bundle import Bundle
from tests.training.monitoring.clinics import clinic_log, hashed
from training.experiment.train import Training
from training.monitoring.monitor import KnownModel, MonitoringRequest, OutcomeSource, UnknownModel, monitor
from training.monitoring.report.figures import draw
from training.monitoring.report.page import render_page
from training.monitoring.statistics.document import MonitoredModel
from training.monitoring.statistics.logged import LoggedPrediction
from training.monitoring.statistics.reference import Reference, reference_of_update

NOW = datetime(2027, 6, 1, tzinfo=UTC)
DIGEST = "d" * 64


@dataclass(frozen=True)
class Clinic:
    """A model in use: its bundle and reference, the clinic's patients, and its log."""

    bundle: Bundle
    reference: Reference
    patients: Cohort
    log: list[LoggedPrediction]

    def monitored(
        self,
        log: Sequence[LoggedPrediction] | None = None,
        *,
        outcomes: bool = False,
        since: date | None = None,
        reference: bool = True,
    ) -> MonitoredModel:
        """What is found of the only model in a log."""
        known = KnownModel(self.bundle, self.reference if reference else None)
        followed = OutcomeSource(lambda _: self.patients, hashed) if outcomes else None
        (found,) = monitor(
            self.log if log is None else log, MonitoringRequest(lambda _: known, followed, NOW, since)
        ).models
        return found

    def changed(self, feature: str, value: float) -> list[LoggedPrediction]:
        """The log as if a feature had had this value from the third month on; NaN: as if it were recorded no more."""

        def change(names: tuple[str, ...], values: Floats, months: Floats) -> Floats:
            values = values.copy()
            values[months >= 2, names.index(feature)] = value
            return values

        return clinic_log(self.bundle, self.patients, change=change)


@pytest.fixture(scope="module")
def clinic(trained: Training) -> Clinic:
    bundle = replace(trained.bundle, digest=DIGEST)
    training, others = np.arange(0, 240), np.arange(240, 400)
    patients = trained.cohort.take(others)
    reference = reference_of_update(trained.cohort.take(training), bundle.models)
    return Clinic(bundle, reference, patients, clinic_log(bundle, patients))


def test_a_clinic_like_the_training_is_in_order(clinic: Clinic) -> None:
    found = clinic.monitored()
    assert found.states == {"records": "in order", "answers": "in order"}
    assert found.state == "in order"
    assert (found.predictions, found.repeated) == (len(clinic.log), 0)
    assert len(found.checks) > 200


def test_a_feature_that_is_recorded_no_more_calls_for_action_and_is_named(clinic: Clinic) -> None:
    found = clinic.monitored(clinic.changed("working_alliance", np.nan))
    assert found.state == "act"
    first = found.reasons[0]
    assert "the share of patients with a recorded working_alliance has changed (0% recently" in first
    assert "since 2026-03" in first
    assert "The same at" in first


def test_values_that_change_without_being_missed_are_found_too(clinic: Clinic) -> None:
    found = clinic.monitored(clinic.changed("baseline_severity_share", 1.0))
    assert any(
        "baseline_severity_share is" in reason and "higher than in training" in reason for reason in found.reasons
    )


def test_ten_patients_are_too_few_to_tell(clinic: Clinic) -> None:
    few = {str(name) for name in clinic.patients.patient_ids[:10].tolist()}
    found = clinic.monitored([one for one in clinic.log if one.patient in {hashed(name) for name in few}])
    assert found.state == "too little to tell"
    assert any("Fewer than 100 patients" in reason for reason in found.reasons)


def test_outcomes_are_joined_and_what_is_not_joined_is_counted(clinic: Clinic) -> None:
    found = clinic.monitored(outcomes=True)
    assert [(one.landmark, one.head) for one in found.calibration] == [
        (model.landmark.name, head) for model in clinic.bundle.models for head in ("remission", "relapse")
    ]
    for one in found.calibration:
        made = sum(p.landmark == one.landmark and p.predicted for p in clinic.log)
        assert sum(count.patients or 0 for count in one.joined) == made
    first = found.calibration[0]
    assert first.ratio is not None
    assert first.ratio.estimate is not None
    assert 0.5 < first.ratio.estimate < 2


def test_predictions_that_do_not_come_true_call_for_action(clinic: Clinic) -> None:
    """The same answers, each with odds of remission five times as high as the model's."""

    def inflated(one: LoggedPrediction) -> LoggedPrediction:
        odds = 5 * one.remission / (1 - one.remission)
        return replace(one, answer=dict(one.answer or {}) | {"remission": {"probability": odds / (1 + odds)}})

    log = [inflated(one) if one.predicted else one for one in clinic.log]
    found = clinic.monitored(log, outcomes=True)
    assert found.states["calibration"] == "act"
    assert any("predictions of remission are miscalibrated" in reason for reason in found.reasons)


def test_a_training_that_recorded_no_reference_is_no_error(clinic: Clinic) -> None:
    found = clinic.monitored(outcomes=True, reference=False)
    assert (found.referenced, found.states["records"]) == (False, "too little to tell")
    assert any("recorded no reference" in reason for reason in found.reasons)
    assert {check.kind for check in found.checks} == {"calibration"}


def test_what_was_corrected_is_left_out_by_a_day_to_begin_from(clinic: Clinic) -> None:
    corrected = [replace(one, row=None, answer=None, patient=None) if one.at.month < 3 else one for one in clinic.log]
    found = clinic.monitored(corrected, since=date(2026, 3, 1))
    assert found.first_day >= "2026-03-01"
    assert found.erased == 0


def test_versions_are_evaluated_each_by_itself_the_newest_first(clinic: Clinic) -> None:
    """An older model whose protocol the outcomes can't be read under, the present one, and a stranger."""
    older = [replace(one, model_digest="0" * 64, model_version="0") for one in clinic.log if one.at.month < 3]
    strange = [replace(one, model_digest="e" * 64, model_version="9") for one in clinic.log[:1]]
    present = [one for one in clinic.log if one.at.month >= 3]
    other = replace(clinic.bundle, digest="0" * 64, protocol=replace(clinic.bundle.protocol, name="older"))
    known = {DIGEST: KnownModel(clinic.bundle, clinic.reference), "0" * 64: KnownModel(other, clinic.reference)}

    def cohort(protocol: object) -> Cohort:
        if protocol is other.protocol:
            raise InputRefusedError([Problem("patients", None, "expectancy", "a declared column", "an unknown one")])
        return clinic.patients

    wanted = MonitoringRequest(
        lambda digest: known.get(digest, UnknownModel("not here")), OutcomeSource(cohort, hashed), NOW
    )
    found = monitor([*older, *strange, *present], wanted).models
    assert [model.version for model in found] == ["1", "0", "9"]
    assert [model.followed for model in found] == [True, False, False]
    assert found[2].reasons == ["not here"]
    assert not found[2].evaluated


def test_outcomes_that_the_present_protocol_refuses_are_the_user_s_to_correct(clinic: Clinic) -> None:
    def refuse(_protocol: object) -> Cohort:
        raise InputRefusedError([Problem("patients", 0, "age_years", "a number", "another text")])

    known = KnownModel(clinic.bundle, clinic.reference)
    with pytest.raises(InputRefusedError):
        monitor(clinic.log, MonitoringRequest(lambda _: known, OutcomeSource(refuse, hashed), NOW))


def test_the_same_log_gives_the_same_document_and_page_in_any_order(clinic: Clinic) -> None:
    known = KnownModel(clinic.bundle, clinic.reference)
    wanted = MonitoringRequest(lambda _: known, OutcomeSource(lambda _: clinic.patients, hashed), NOW)
    one, two = monitor(clinic.log, wanted), monitor(clinic.log[::-1], wanted)
    assert one.as_json() == two.as_json()
    assert render_page(one, [draw(one.models[0])]) == render_page(two, [draw(two.models[0])])


def test_a_log_without_predictions_tells_nothing() -> None:
    found = monitor([], MonitoringRequest(lambda _: UnknownModel(""), None, NOW))
    assert (found.models, found.state) == ([], "too little to tell")

"""What an updated model carries along, and that nothing counts as repeated where nothing was."""

from dataclasses import replace

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from models.bundle import Bundle, HeadRecord
from models.remission import RemissionHead
from models.score import Constant
from tests.serving.bundles import toy_bundle
from tests.training.leakage.leaks import with_copy
from tests.training.trainings import QUICK, remission_with
from training.audit.retraining import _settings
from training.average_risk import AVERAGE_RISK
from training.cohort.reader import read_cohort
from training.evidence.document import Acknowledgement
from training.experiment.external import OVERLAP, evaluate, refuse_its_own
from training.experiment.train import quietly
from training.experiment.update import UpdatedModel, UpdateRequest, _record, _refit_check, update_model
from training.leakage.checks import LeakageFoundError
from training.learning.updating import INTERCEPT, REFIT, HeadUpdate
from training.provenance import collect_provenance
from training.seen_cohorts import seen_cohort_digests
from training.simulation.cohort import simulate_cohort, write_cohort

FEW = replace(QUICK, draws=3)


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> list[Cohort]:
    """Four synthetic cohorts with a single landmark, which is quicker; the model saw the last."""
    read = []
    for seed in (21, 22, 23, 24):
        folder = tmp_path_factory.mktemp("others") / str(seed)
        write_cohort(simulate_cohort(150, 3, seed), folder)
        cohort = read_cohort(folder)
        read.append(replace(cohort, protocol=replace(cohort.protocol, landmarks=cohort.protocol.landmarks[:1])))
    return read


@pytest.fixture(scope="module")
def original(cohorts: list[Cohort]) -> Bundle:
    """A hand-made model; 2 in 1,000 have a competing event in a week."""
    return replace(toy_bundle(cohorts[0].protocol), training={"cohort_digest": cohorts[3].digest})


@pytest.fixture(scope="module")
def twice(original: Bundle, cohorts: list[Cohort]) -> list[UpdatedModel]:
    """The model updated on the first cohort, and that on the second."""
    model, found = original, []
    for cohort in cohorts[:2]:
        found.append(update_model(UpdateRequest(model, "1", cohort, "other", FEW, collect_provenance()), quietly, 1))
        model = found[-1].bundle
    return found


def test_an_updated_model_is_refused_every_cohort_that_its_ancestors_saw(
    original: Bundle, cohorts: list[Cohort], twice: list[UpdatedModel]
) -> None:
    grandchild = twice[1].bundle
    assert seen_cohort_digests(grandchild) == [cohorts[3].digest, cohorts[0].digest, cohorts[1].digest]
    assert grandchild.training["seen_cohort_digests"] == [cohorts[3].digest, cohorts[0].digest]
    for cohort in (cohorts[3], *cohorts[:2]):
        with pytest.raises(InputRefusedError):
            refuse_its_own(grandchild, cohort)
    refuse_its_own(grandchild, cohorts[2])
    refuse_its_own(original, cohorts[0])


def test_an_update_goes_on_where_somebody_answers_for_a_failed_check_and_keeps_who_and_why(
    original: Bundle, cohorts: list[Cohort]
) -> None:
    twin = with_copy(cohorts[1], 17)
    with pytest.raises(LeakageFoundError, match='--acknowledge "duplicated patients"'):
        update_model(UpdateRequest(original, "1", twin, "other", FEW, collect_provenance()), quietly, 1)
    answered = Acknowledgement(check="duplicated patients", by="A. Rivera", reason="twins of one clinic, both seen")
    config = replace(FEW, acknowledged=(answered,))
    updated = update_model(UpdateRequest(original, "1", twin, "other", config, collect_provenance()), quietly, 1)
    assert [check.acknowledged for check in updated.evidence.leakage if not check.passed] == [answered]
    assert _settings(updated.bundle) == config  # an audit repeats it with the same acknowledgement


def test_external_evidence_says_that_single_patients_of_both_cohorts_would_not_show(
    original: Bundle, cohorts: list[Cohort]
) -> None:
    found = evaluate(original, cohorts[2], "other", FEW, quietly, 1)
    assert OVERLAP in found.caveats


def test_the_evidence_of_an_update_says_that_competing_events_are_as_before(twice: list[UpdatedModel]) -> None:
    (said,) = [line for line in twice[0].evidence.caveats if "competing events" in line]
    assert said.endswith("the hazard of competing events is still that of the development cohort.")


def test_where_no_head_was_fitted_twice_nothing_was_repeated() -> None:
    assert _refit_check([{}, {}], [{}, {}]).model_dump() == {"heads": 0, "identical": False}
    update = HeadUpdate(INTERCEPT, {}, 0.1, 1.0, 1.0, RemissionHead(Constant(2), 0.5))
    changed = replace(update, head=RemissionHead(Constant(2), 0.5, slope=float(np.nextafter(1, 2))))
    assert _refit_check([{"remission": update}], [{"remission": update}]).identical
    assert not _refit_check([{"remission": update}], [{"remission": changed}]).identical


def test_after_a_refit_nothing_is_said_of_the_head_that_it_replaced() -> None:
    """An average that became a model of its own still said that every patient gets the average."""
    average = HeadRecord(120, 12, "no_model", f"the rarer outcome has 12 of 120 patients: {AVERAGE_RISK}")
    head = RemissionHead(Constant(2), 0.5)
    task = remission_with(60, 120)
    again = _record(average, HeadUpdate(REFIT, {}, 0.0, 1.0, 3.0, head), task)
    assert (again.winner, again.note) == ("logistic", "refitted on another cohort")
    shifted = _record(average, HeadUpdate(INTERCEPT, {}, 0.1, 1.0, 1.0, head), task)
    assert shifted.winner == "no_model"
    assert shifted.note.endswith(f"{AVERAGE_RISK}; intercept updated on another cohort")

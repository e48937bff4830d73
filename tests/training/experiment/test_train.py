"""The same seed and data give the same model to the last byte; the truth of a synthetic cohort plays no part in it."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError
from models.bundle import load_bundle, save_bundle
from tests.cohorts import cohort_of
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.experiment.train import Training, quietly, train
from training.provenance import collect_provenance
from training.simulation.marks import is_synthetic


def train_on(directory: Path, workers: int) -> Training:
    return train(read_cohort(directory), QUICK, collect_provenance(), quietly, workers)


def contents(training: Training, directory: Path) -> dict[str, bytes]:
    save_bundle(training.bundle, directory)
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def copy_without_truth(simulated: Path, directory: Path) -> Path:
    copy = Path(shutil.copytree(simulated, directory))
    (copy / "truth.parquet").unlink()
    return copy


@pytest.mark.slow
def test_twice_the_same_seed_and_data_give_the_same_bytes(trained: Training, simulated: Path, tmp_path: Path) -> None:
    """With one process or two; the truth is gone the second time, so no training can have read it."""
    again = train_on(copy_without_truth(simulated, tmp_path / "cohort"), workers=2)
    first, second = contents(trained, tmp_path / "first"), contents(again, tmp_path / "second")
    assert first.keys() == second.keys()
    for name in first:
        assert first[name] == second[name], name


def test_a_corrupt_truth_changes_nothing_that_is_read(trained: Training, simulated: Path, tmp_path: Path) -> None:
    copy = copy_without_truth(simulated, tmp_path / "cohort")
    (copy / "truth.parquet").write_bytes(b"not parquet")
    assert read_cohort(copy).digest == trained.cohort.digest


def test_the_bundle_says_what_it_was_fitted_on(trained: Training, tmp_path: Path) -> None:
    save_bundle(trained.bundle, tmp_path / "bundle")
    training = load_bundle(tmp_path / "bundle").training
    assert training["cohort_digest"] == trained.cohort.digest
    assert training["synthetic"] is True
    assert training["settings"]["seed"] == QUICK.seed
    assert training["patients"] == 400


def test_the_bundle_answers_as_the_winners_do(trained: Training) -> None:
    for fit, model in zip(trained.landmarks, trained.bundle.models, strict=True):
        assert fit.remission is not None
        head = fit.remission.head
        assert head is not None
        rows = fit.features.values[:20]
        np.testing.assert_array_equal(model.predict(rows).remission, head.probability(rows))  # type: ignore[union-attr]


def test_no_patients_id_or_site_stands_in_the_bundle(trained: Training, tmp_path: Path) -> None:
    names = [*trained.cohort.patient_ids.tolist(), *trained.cohort.site_names]
    everything = b"".join(contents(trained, tmp_path / "bundle").values())
    assert not [name for name in names if f'"{name}"'.encode() in everything or name.encode() in everything]


def test_a_cohort_without_outcomes_is_refused_as_the_users_matter() -> None:
    cohort = cohort_of(assessments="patient_id  day  instrument  score\nA  0  gad7  16\n")
    with pytest.raises(InputRefusedError) as refused:
        train(cohort, QUICK, collect_provenance(), quietly, workers=1)
    (problem,) = refused.value.problems
    assert problem.required == "patients with an outcome after a landmark"


def test_nothing_is_said_of_days_to_which_hardly_anybody_was_followed(simulated: Path) -> None:
    """Everything recorded after day 100 is taken away: nobody is followed for 182 days after remission."""
    cohort = read_cohort(simulated)
    kept = {
        name: rows.where(rows.numbers("day") <= 100)
        for name, rows in (
            ("assessments", cohort.assessments),
            ("sessions", cohort.sessions),
            ("events", cohort.events),
        )
    }
    training = train(replace(cohort, **kept), QUICK, collect_provenance(), quietly, workers=1)
    for landmark, model in zip(training.landmarks, training.bundle.models, strict=True):
        assert model.relapse is not None
        longest = np.nanmax(landmark.outcomes.followed_days[landmark.outcomes.at_risk])
        assert model.relapse.days[-1] < longest + 7
        predicted = model.predict(landmark.features.values)
        assert np.isnan(predicted.relapse[:, -1]).all()
        assert np.isnan(predicted.sustained[:, -1]).all()
        assert "later days are not predicted" in landmark.relapse.note


def test_a_cohort_stays_synthetic_under_another_protocol(simulated: Path) -> None:
    cohort = read_cohort(simulated)
    assert is_synthetic(replace(cohort, protocol=replace(cohort.protocol, name="my-study")))
    renamed = np.array([f"P{number}" for number in range(len(cohort))])
    only_sites = replace(cohort, protocol=replace(cohort.protocol, name="my-study"), patient_ids=renamed)
    assert is_synthetic(only_sites)
    assert not is_synthetic(replace(only_sites, site_names=tuple(f"clinic {n}" for n in range(3))))

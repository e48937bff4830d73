"""How far a retraining may differ: not at all on the same processor, by ``ELSEWHERE`` on another."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.build import build_features
from features.protocol.document import Protocol
from features.records.cohort import Cohort
from models.bundle import Bundle, save_bundle
from models.remission import RemissionHead
from tests.serving.bundles import toy_bundle
from training.audit.retraining import (
    ELSEWHERE,
    Machine,
    environment_verdicts,
    largest_difference,
    retraining_verdict,
)
from training.cohort.reader import read_cohort
from training.provenance import collect_provenance
from training.registry.seal import Record
from training.registry.stored_training import StoredTraining
from training.simulation.cohort import simulate_cohort, write_cohort
from training.verdicts import Verdict

SAME, OTHER = Machine("x86_64", "x86_64"), Machine("x86_64", "arm64")
STEP = 1e-5


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(simulate_cohort(60, 2, seed=5), folder)
    return read_cohort(folder, Protocol())


def _shifted_head(head: RemissionHead | None, step: float) -> RemissionHead:
    assert head is not None
    return replace(head, baseline=head.baseline + step)


def shifted(bundle: Bundle, step: float) -> Bundle:
    """The bundle with another baseline of every remission head."""
    models = [replace(model, remission=_shifted_head(model.remission, step)) for model in bundle.models]
    return replace(bundle, models=tuple(models))


def differing_by(wanted: float, recorded: Bundle, cohort: Cohort) -> Bundle:
    """A bundle whose predictions for the cohort differ by as much; so small a shift acts in proportion."""
    rows = [build_features(cohort, model.landmark) for model in recorded.models]
    return shifted(recorded, STEP * wanted / largest_difference(recorded, shifted(recorded, STEP), rows))


@pytest.mark.parametrize(
    ("part", "machine", "outcome"),
    [(0.99, OTHER, "passed"), (1.01, OTHER, "failed"), (0.99, SAME, "failed"), (0, SAME, "passed")],
)
def test_predictions_may_differ_a_little_on_another_processor_only(
    cohort: Cohort, part: float, machine: Machine, outcome: str, tmp_path: Path
) -> None:
    recorded = replace(toy_bundle(), digest=save_bundle(toy_bundle(), tmp_path / "bundle"))
    again = differing_by(part * ELSEWHERE, recorded, cohort)
    assert retraining_verdict(recorded, again, cohort, machine).outcome == outcome


def code_verdict(tmp_path: Path, **tags: str) -> Verdict:
    """The verdict on the code of a training with these tags, and else those of this installation."""
    stored = StoredTraining(
        run_id="1" * 32,
        record=Record("1" * 32, {}, {}),
        sealed=None,
        deleted=(),
        tags=collect_provenance().as_tags() | tags,
        landmark_tags={},
        artifacts=tmp_path,
        bundle=None,
        versions=(),
    )
    (found,) = (one for one in environment_verdicts(stored) if one.check == "code")
    return found


def test_other_code_is_named_beside_the_present_one_with_the_way_back(tmp_path: Path) -> None:
    assert code_verdict(tmp_path).outcome == "passed"
    here = collect_provenance().commit[:12]
    found = code_verdict(tmp_path, sources_digest="0" * 64, commit="5ca1ab1e" * 5, modified="False")
    assert found.outcome == "failed"
    assert f"(commit 5ca1ab1e5ca1; now commit {here}" in found.detail
    assert found.detail.endswith("To check with the code of the training: git checkout 5ca1ab1e5ca1, then make setup)")


def test_of_a_working_copy_with_changes_only_the_commit_can_be_had_again(tmp_path: Path) -> None:
    found = code_verdict(tmp_path, sources_digest="0" * 64, commit="5ca1ab1e" * 5, modified="True")
    assert "git checkout 5ca1ab1e5ca1 comes closest; its changes were not recorded" in found.detail


def test_code_without_a_commit_is_asked_for_by_its_release(tmp_path: Path) -> None:
    found = code_verdict(tmp_path, sources_digest="0" * 64, commit="unknown")
    assert "Install the release of the training" in found.detail
    assert "git checkout" not in found.detail

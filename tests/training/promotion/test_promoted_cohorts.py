"""What is promoted of models of two published cohorts and of 600 synthetic patients, and why the rest is not."""

from pathlib import Path

import pytest

from tests.places import COHORTS
from training.cohort.reader import read_cohort
from training.config import load_config, load_policy
from training.experiment.champion_comparison import ChampionComparison
from training.experiment.evidence import build_evidence
from training.experiment.train import quietly, train
from training.handover.granted import answered_by
from training.policy.evidence_policy import check_policy
from training.promotion.granting import grants
from training.provenance import collect_provenance
from training.simulation.cohort import simulate_cohort, write_cohort

pytestmark = pytest.mark.long

real = pytest.mark.skipif(
    not COHORTS.is_dir(), reason="the real cohorts, ../shared/cohorts beside the repository, are absent"
)
Found = dict[str, dict[str, set[str]]]
"""By tier and landmark, the questions that are promoted without an override."""


def promoted(cohort: Path) -> tuple[Found, str]:
    """What is promoted of a model that is fitted to the cohort in a folder, and the failed checks as a text."""
    finished = train(read_cohort(cohort), load_config(), collect_provenance(), quietly, workers=1)
    evidence = build_evidence(finished, cohort.name, quietly, workers=1)
    answered = answered_by(finished.bundle)
    checks = check_policy(evidence, load_policy(), ChampionComparison(None), answered)
    tiers: Found = {
        tier: {landmark: set(names) for landmark, names in grants(checks, answered, tier).items()}
        for tier in ("shadow", "clinic")
    }
    assert tiers["shadow"] == {landmark: set(names) for landmark, names in answered.items() if names}
    return tiers, "\n".join(f"{check.name}: {check.seen}" for check in checks if not check.passed or check.not_assessed)


@real
def test_of_a_trial_with_58_known_remissions_and_one_relapse_nothing_is_promoted_for_the_clinic() -> None:
    tiers, why = promoted(COHORTS / "beat_the_blues")
    assert tiers["clinic"] == {}
    assert "sample size, two months" in why
    assert "of 22 patients with 1 events" in why
    assert "not assessed: relapse by day 61, 0 of 22 patients" in why


@real
def test_of_an_antidepressant_trial_the_average_is_promoted_and_the_model_of_125_patients_is_not() -> None:
    tiers, why = promoted(COHORTS / "antidepressant_trial")
    assert tiers["clinic"] == {"baseline": {"remission"}}
    assert "sample size, two weeks" in why
    assert "the cohort has 125" in why


def test_of_600_synthetic_patients_the_average_of_relapse_is_promoted_and_remission_is_not(tmp_path: Path) -> None:
    write_cohort(simulate_cohort(600, 8, 7), tmp_path / "clinics")
    tiers, why = promoted(tmp_path / "clinics")
    assert tiers["clinic"] == {f"before session {number}": {"relapse_84", "relapse_182"} for number in (1, 2, 3)}
    assert all(f"sample size, before session {number}: not met: remission" in why for number in (1, 2, 3))

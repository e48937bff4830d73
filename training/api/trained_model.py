"""A finished training as the Python interface returns it: where it is recorded, its figures and its model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.bundle import Bundle
from training.evidence.document import Evidence
from training.experiment.records import summary
from training.experiment.train import Training
from training.plausibility.cohort_check import CohortCheck

if TYPE_CHECKING:
    import pandas as pd

    from training.tracking.recorded_run import RecordedRun


@dataclass(frozen=True, eq=False, repr=False)
class TrainedModel:
    """A finished training. ``recorded`` is ``None`` if it was not to be recorded; then it has no version either.

    ``evidence`` has every figure of the held-out patients with its interval, ``check`` what was found in the cohort.
    """

    training: Training
    evidence: Evidence
    check: CohortCheck
    recorded: "RecordedRun | None" = None

    def __repr__(self) -> str:
        """Counts only."""
        cohort, landmarks = self.evidence.cohort, len(self.training.landmarks)
        heads = sum(len(landmark.heads) for landmark in self.training.landmarks)
        where = "not recorded" if self.recorded is None else f"version {self.recorded.model_version}"
        counts = f"{cohort.patients:,} patients of {cohort.sites} sites, {landmarks} landmarks, {heads} heads"
        return f"<TrainedModel, {where}: {counts}{', quick' if self.evidence.quick else ''}>"

    @property
    def run_id(self) -> str | None:
        """The MLflow run, ``None`` if the training was not recorded."""
        return None if self.recorded is None else self.recorded.run_id

    @property
    def model_version(self) -> str | None:
        """The version in the model registry, ``None`` if the training was not recorded."""
        return None if self.recorded is None else self.recorded.model_version

    @property
    def report(self) -> str | None:
        """Path or address of the report, ``None`` if the training was not recorded."""
        return None if self.recorded is None else self.recorded.report

    @property
    def link(self) -> str | None:
        """Where MLflow's pages show the run, ``None`` if the training was not recorded."""
        return None if self.recorded is None else self.recorded.link

    @property
    def bundle(self) -> Bundle:
        """The model, with which ``predict`` answers."""
        return self.training.bundle

    @property
    def warnings(self) -> list[str]:
        """The findings of the cohort's check, each with what to do."""
        return described(self.check)

    @property
    def landmarks(self) -> list[dict[str, Any]]:
        """Per landmark and head: counts, winner and every candidate's figures, as ``kap train --json`` prints them."""
        return summary(self.training, self.evidence)

    def summary(self) -> "pd.DataFrame":
        """Every candidate's figures on held-out patients, a row per landmark, head and candidate.

        Columns: ``landmark``, ``head``, ``candidate``, ``winner`` (bool), ``patients`` (fitted on), ``events`` among
        them, then the figures: ``auc`` and ``c_index`` (larger is better, 0.5 is chance), ``log_loss``, ``brier`` and
        ``integrated_brier`` (smaller is better), ``calibration_intercept`` (0 is ideal), ``calibration_slope`` (1 is).
        The winner's figures include its recalibration. NaN: the head has no such figure.
        """
        import pandas as pd

        rows = [
            {"landmark": landmark["name"], "head": head, "candidate": name, "winner": name == landmark[head]["winner"]}
            | {"patients": landmark[head]["n"], "events": landmark[head]["events"]}
            | values
            for landmark in self.landmarks
            for head in ("remission", "relapse")
            if landmark[head] is not None
            for name, values in landmark[head]["candidates"].items()
        ]
        return pd.DataFrame(rows).astype({"winner": bool}) if rows else pd.DataFrame()


def described(check: CohortCheck) -> list[str]:
    """A paragraph for each finding, without the line breaks that a terminal needs."""
    return [finding.text.removeprefix("warning: ") for finding in check.findings]

"""The trainings of a store, newest first, each with its headline figures: what `kap runs` lists.

The figures are read from the recorded evidence, whose form every version of this software reads; names of metrics have
changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from pydantic import ValidationError

from training.evidence.document import Estimate, Evidence, HeadEvidence, LandmarkEvidence, read_evidence
from training.failures import StoreUnreachableError
from training.registry.artifact_place import artifact_bytes
from training.registry.artifacts import EVIDENCE
from training.registry.decision_log import CHAMPION
from training.registry.release import check_store
from training.tracking.opened import status_of

LEVELS = ("training", "update")
"""Runs that make a model: `kap train` and `kap recalibrate`."""


@dataclass(frozen=True)
class HeadlineFigure:
    """How well the winner of a head ranks held-out patients: AUC or C-index with its 95% limits."""

    head: str
    winner: str | None
    measure: str
    estimate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class LandmarkHeadline:
    """The figures at one landmark."""

    landmark: str
    figures: tuple[HeadlineFigure, ...]


@dataclass(frozen=True)
class ListedTraining:
    """A training or an update. ``version`` is ``None`` if it registered none; ``champion`` is the present one.

    ``status`` is that of `status_of`, and ``name`` is the run's.

    ``promoted`` says whether it ever became champion, ``research_only`` why no bundle can hold it (empty: one can), and
    ``unread`` why there are no figures (empty: there are).
    """

    run_id: str
    kind: str
    status: str
    started: str
    cohort: str
    protocol: str
    name: str = ""
    model: str | None = None
    version: str | None = None
    champion: bool = False
    promoted: bool = False
    synthetic: bool | None = None
    quick: bool = False
    research_only: str = ""
    unread: str = ""
    landmarks: tuple[LandmarkHeadline, ...] = field(default=())


def list_trainings(limit: int) -> tuple[ListedTraining, ...]:
    """The last ``limit`` trainings and updates, of every experiment of the store.

    Raises ``InputRefusedError`` if there is no store yet, and ``StoreUnreachableError`` if it does not answer.
    """
    check_store()
    client = MlflowClient()
    experiments = [one.experiment_id for one in client.search_experiments()]
    newest = ["attributes.start_time DESC"]
    found = [
        run
        for level in LEVELS
        for run in client.search_runs(experiments, f"tags.level = '{level}'", max_results=limit, order_by=newest)
    ]
    found.sort(key=lambda run: -run.info.start_time)
    champions = _champions(client)
    return tuple(_listed(client, run, champions) for run in found[:limit])


def _champions(client: MlflowClient) -> Mapping[str, str]:
    """The version that is champion of each registered model."""
    found = {}
    for model in client.search_registered_models():
        version = dict(model.aliases).get(CHAMPION)
        if version is not None:
            found[str(model.name)] = str(version)
    return found


def _listed(client: MlflowClient, run: Any, champions: Mapping[str, str]) -> ListedTraining:
    """``run`` is one of MLflow's."""
    versions = client.search_model_versions(f"run_id = '{run.info.run_id}'")
    version = versions[0] if versions else None
    evidence = _evidence(run)
    tags, parameters = run.data.tags, run.data.params
    known = evidence if isinstance(evidence, Evidence) else None
    return ListedTraining(
        run_id=run.info.run_id,
        kind=tags["level"],
        status=status_of(run),
        name=str(run.info.run_name or ""),
        started=f"{datetime.fromtimestamp(run.info.start_time / 1000, UTC):%Y-%m-%d %H:%M}",
        cohort=parameters.get("cohort", "") or (known.cohort.source if known else ""),
        protocol=parameters.get("protocol", "") or (known.protocol if known else ""),
        model=None if version is None else str(version.name),
        version=None if version is None else str(version.version),
        champion=version is not None and champions.get(str(version.name)) == str(version.version),
        promoted=version is not None and "promoted_at" in version.tags,
        synthetic={"true": True, "false": False}.get(tags.get("synthetic", "")),
        quick=known is not None and known.quick,
        research_only="" if version is None else version.tags.get("research_only", ""),
        unread="" if isinstance(evidence, Evidence) else evidence,
        landmarks=tuple(_headline(landmark) for landmark in known.landmarks) if known else (),
    )


def _evidence(run: Run) -> Evidence | str:
    """The evidence of a run, or why there is none."""
    try:
        return read_evidence(artifact_bytes(run, EVIDENCE))
    except ValidationError:
        return "the evidence is not in a form that this installation reads"
    except StoreUnreachableError:
        return "its artifacts are not found here"
    except (MlflowException, OSError, ValueError):
        return "no evidence is recorded"


def _headline(landmark: LandmarkEvidence) -> LandmarkHeadline:
    return LandmarkHeadline(landmark.name, tuple(_figures(landmark, landmark.heads)))


def _figures(landmark: LandmarkEvidence, heads: Sequence[HeadEvidence]) -> Iterator[HeadlineFigure]:
    for head in heads:
        measure, measures = "c_index", head.measures
        if head.head == "remission":
            measure = "auc"
            measures = {
                name: one for question in landmark.questions if question.head == "remission"
                for name, one in question.measures.items()
            }  # fmt: skip
        seen = measures.get(measure) or Estimate(estimate=None, low=None, high=None)
        yield HeadlineFigure(head.head, head.winner, measure, seen.estimate, seen.low, seen.high)

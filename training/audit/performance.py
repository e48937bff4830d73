"""Whether what a served copy tells of its performance is what the evidence of the training and its evaluations says.

Evidence that is lost or was changed is told by other checks; here a copy is compared with what can be read of it.
"""

from pydantic import TypeAdapter, ValidationError

from models.performance import PERFORMANCE, MeasuredPerformance, Performance
from training.audit.checks import EVIDENCE
from training.registry.performance import RecordedEvidence, measured
from training.registry.seal import digest_of
from training.registry.stored_training import ServedCopy, StoredTraining


def performance_differs(copy: ServedCopy, stored: StoredTraining) -> list[str]:
    """What is wrong with a copy's performance file, in words; copies made before there was one have none."""
    path = copy.folder / PERFORMANCE
    if copy.performance_digest is None and not path.exists():
        return []
    document = path.read_bytes() if path.is_file() else b""
    if digest_of(document) != copy.performance_digest:
        return [f"{copy.tag}: {PERFORMANCE} is not as promoted"]
    try:
        told = TypeAdapter(Performance).validate_json(document)
    except ValidationError:
        return [f"{copy.tag}: {PERFORMANCE} does not have the form of this installation's"]
    if told.bundle_digest != stored.tags.get("bundle_digest"):
        return [f"{copy.tag}: {PERFORMANCE} is about another bundle"]
    return [f"{copy.tag}: {PERFORMANCE} does not tell what {run} measured" for run in _differing(told, stored)]


def _differing(told: Performance, stored: StoredTraining) -> list[str]:
    """The runs of which something else is told than they measured, and the training's own where nothing is told."""
    by_run = {one.run_id: one for one in told.measured}
    proven = {one.run_id: measured(told.bundle_digest, one) for one in _evidence(stored)}
    own = [stored.run_id] if isinstance(proven[stored.run_id], MeasuredPerformance) else []
    readable = [run_id for run_id in by_run if isinstance(proven.get(run_id), MeasuredPerformance)]
    differing = [run_id for run_id in dict.fromkeys(own + readable) if by_run.get(run_id) != proven[run_id]]
    return [f"run {run_id}" for run_id in differing + [run_id for run_id in by_run if run_id not in proven]]


def _evidence(stored: StoredTraining) -> list[RecordedEvidence]:
    """The evidence of the training and of its evaluations, as it stands now."""
    noted = tuple(stored.recorded("evidence_digest").values())
    evaluations = [
        RecordedEvidence(one.run_id, "", None, ())
        if one.stored is None
        else RecordedEvidence(one.run_id, "", _document(one.stored), (one.stored.tags.get("evidence_digest"),))
        for one in stored.evaluations
    ]
    return [RecordedEvidence(stored.run_id, "", _document(stored), noted), *evaluations]


def _document(stored: StoredTraining) -> bytes | None:
    path = stored.artifacts / EVIDENCE
    return path.read_bytes() if path.is_file() else None

"""The promotion of a version takes effect: its copy in BentoML's store, the decision, the alias and what people see."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from mlflow.exceptions import MlflowException

from models.bundle import Bundle, BundleRefusedError
from models.performance import PERFORMANCE, PERFORMANCE_DIGEST
from models.promotion import PROMOTION, PROMOTION_DIGEST, Promotion
from training.handover.granted import OVERRIDE, description_with, promotion_of, promotion_tags
from training.handover.signing import CopySigner
from training.registry.artifacts import EVIDENCE, EVIDENCE_DIGEST
from training.registry.decision_log import CHAMPION, HEAD, STORE, DecisionLog
from training.registry.decisions import Decision
from training.registry.names import ModelReference
from training.registry.performance import RecordedEvidence, performance_of
from training.registry.release import EVALUATION, RegisteredModel, checked, fetch
from training.stores.artifact_place import artifact_bytes
from training.stores.registry_client import RegistryClient


def hand_over(
    chosen: RegisteredModel,
    bundle: Bundle,
    decide: Callable[[], Decision],
    earlier: Sequence[Decision],
    signer: CopySigner | None = None,
) -> tuple[Decision, str]:
    """Copy a version's bundle into BentoML's store, record the decision, and make the version champion.

    The copy includes the performance file, so that the service needs no registry, and the promotion file, which says
    what it may answer; a ``signer`` signs them all. ``earlier`` are the decisions before. The decision is recorded
    after the copy is written, and the copy is kept, with the decision's hash, after the decision is recorded. Returns
    the decision and the tag of the store's new entry, which becomes its latest.
    """
    import bentoml  # only a promotion needs it

    sign = None if signer is None else signer.prepared()
    labels = {"mlflow_version": chosen.version, "run_id": chosen.run_id, "bundle_digest": bundle.digest[:63]}
    performance = performance_of(bundle.digest, _recorded_evidence(chosen)).as_json().encode()
    metadata = {
        "bundle_digest": bundle.digest,
        "mlflow_version": chosen.version,
        PERFORMANCE_DIGEST: hashlib.sha256(performance).hexdigest(),
    }
    with bentoml.models.create(chosen.name, labels=labels, metadata=metadata) as model:
        folder = Path(model.path)
        shutil.copytree(chosen.folder, folder / "bundle")
        (folder / PERFORMANCE).write_bytes(performance)
        decision = decide()
        promotion = promotion_of(decision, earlier, bundle)
        (folder / PROMOTION).write_bytes(promotion.as_json())
        model.info.metadata[PROMOTION_DIGEST] = hashlib.sha256(promotion.as_json()).hexdigest()
        model.info.metadata[HEAD] = decision.hash
        model.info.metadata[STORE] = RegistryClient().get_registered_model(chosen.name).tags.get(STORE, "")
        if sign is not None:
            sign(folder)
    RegistryClient().set_registered_model_alias(chosen.name, CHAMPION, chosen.version)
    _show(chosen, promotion_tags(decision, earlier), promotion)
    return decision, str(model.tag)


def _show(chosen: RegisteredModel, said: dict[str, str], promotion: Promotion) -> None:
    """Say a promotion where people look at a version in MLflow: in its tags and its description."""
    client = RegistryClient()
    for key, value in said.items():
        client.set_model_version_tag(chosen.name, chosen.version, key, value)
    if OVERRIDE in chosen.tags and OVERRIDE not in said:
        client.delete_model_version_tag(chosen.name, chosen.version, OVERRIDE)
    described = client.get_model_version(chosen.name, chosen.version).description or ""
    client.update_model_version(chosen.name, chosen.version, description_with(described, promotion))


def _recorded_evidence(chosen: RegisteredModel) -> list[RecordedEvidence]:
    """The evidence of a version's run, and of every evaluation on another cohort."""
    evaluations = {
        key.removeprefix(EVALUATION): f"the evaluation on {source}"
        for key, source in sorted(chosen.tags.items())
        if key.startswith(EVALUATION)
    }
    noted = chosen.tags.get(EVIDENCE_DIGEST)
    own = RecordedEvidence(chosen.run_id, "the run that made this version", chosen.artifact(EVIDENCE), (noted,))
    return [own, *(_evidence_of(run_id, what) for run_id, what in evaluations.items())]


def _evidence_of(run_id: str, what: str) -> RecordedEvidence:
    digest, document = None, None
    try:
        run = RegistryClient().get_run(run_id)
        digest = run.data.tags.get(EVIDENCE_DIGEST)
        document = artifact_bytes(run, EVIDENCE)
    except (MlflowException, OSError):
        pass  # `performance` reports whether it is lost or was never recorded
    return RecordedEvidence(run_id, what, document, (digest,))


def finish_interrupted(log: DecisionLog, signer: CopySigner | None = None) -> Decision | None:
    """Complete the last decision if it was recorded and then interrupted; returns that decision, if there is one.

    Raises ``BundleRefusedError`` if the bundle is not the one of the decision.
    """
    chain = log.settled()
    last = chain.unfinished
    if last is None or not last.changes_champion:
        return last if last is None else log.keep_head(last)
    with tempfile.TemporaryDirectory() as scratch:
        chosen = fetch(str(ModelReference(log.model, last.version)), Path(scratch))
        bundle = checked(chosen.folder, chosen.version, chosen.name)
        if bundle.digest != last.bundle_digest:
            raise BundleRefusedError(f"version {last.version}: its bundle is not the one of decision {last.number}")
        hand_over(chosen, bundle, lambda: log.keep_head(last), chain.decisions[:-1], signer)
    return last

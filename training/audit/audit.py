"""Seals the record of a training in MLflow, and reads it again for an audit.

MLflow can't lock a run: anyone who can write to the store can change or delete it. An audit finds such a change by
comparison with the seal (`seal`), whose digest is also in the registry and in the decisions. `checks` and `retraining`
make the checks.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from training.audit.checked_record import checked_record
from training.audit.checks import LOST, chain_verdict
from training.audit.record import BRIEF, ReadingDepth, RecordRead, read_record, sealed_document, search_runs
from training.audit.retraining import retraining_verdicts
from training.audit.service import served_model, service_verdict
from training.audit.verification_request import VerificationRequest
from training.experiment.train import Announce
from training.failures import StoreUnreachableError
from training.handover.served_copies import answering_copy, served_copies
from training.registry.names import MODEL_NAME, MODEL_NAME_TAG
from training.registry.record_archive import ARCHIVE, write_archive
from training.registry.references import find_reference, registered_names
from training.registry.release import EVALUATION, decision_log, require_store, use_store
from training.registry.seal import SEAL, SEAL_DIGEST, SealedItem, digest_of, seal_document
from training.registry.stored_training import MONITORING, StoredEvaluation, StoredMonitoring, StoredTraining
from training.stores.artifact_place import folder_at
from training.stores.registry_client import RegistryClient, asked_once
from training.stores.written_files import WrittenFiles
from training.verdicts import Verdict, failed

RUN_ID = re.compile(r"[0-9a-f]{32}")
PREVIOUS_MONITORING = "previous_monitoring"
"""Tag of a monitoring run: the one before it, so that the loss of one is noticed."""


def seal_run(run_id: str, written: WrittenFiles | None = None) -> str:
    """Seal a finished run with all runs below it, its model and its versions, and return the seal's SHA-256.

    ``written`` has copies of the files that this process wrote behind a server; without it they are read back.

    The seal becomes the artifact seal.json of the run, its digest a tag of the run and of every version of it.
    """
    use_store()
    client = RegistryClient()
    top = client.get_run(run_id)
    with tempfile.TemporaryDirectory() as scratch:
        read = read_record(client, top, None, Path(scratch), ReadingDepth(every_file=True, written=written))
        document = seal_document(_with_archive(client, read, Path(scratch)).record)
        (Path(scratch) / SEAL).write_bytes(document)
        client.log_artifact(run_id, str(Path(scratch) / SEAL))
    digest = digest_of(document)
    client.set_tag(run_id, SEAL_DIGEST, digest)
    for version in read.training.versions:
        client.set_model_version_tag(version.name, version.number, SEAL_DIGEST, digest)
    return digest


def _with_archive(client: MlflowClient, read: RecordRead, scratch: Path) -> StoredTraining:
    """The training, with an archive of its files where they are behind a server."""
    stored, address = read.training, read.top.info.artifact_uri
    if folder_at(address) is not None:
        return stored
    for written in (SEAL, ARCHIVE):
        (read.folders[stored.run_id] / written).unlink(missing_ok=True)
    write_archive(read.folders, scratch / ARCHIVE)
    client.log_artifact(stored.run_id, str(scratch / ARCHIVE))
    digest = digest_of((scratch / ARCHIVE).read_bytes())
    record = replace(
        stored.record, digests={**stored.record.digests, SealedItem(stored.run_id, "artifact", ARCHIVE): digest}
    )
    return replace(stored, record=record)


@asked_once()
def verify(run_or_version: str, asked: VerificationRequest, announce: Announce) -> list[Verdict]:
    """Check the record of a training; given its cohort's folder, retrain and compare.

    Takes a run's id, a registered version or an alias. Raises ``InputRefusedError`` if there is no such training or
    service, ``StoreUnreachableError`` if its artifacts are not found here.
    """
    run_id = run_of(run_or_version)
    answering = None if asked.service is None else served_model(asked.service)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            stored = read_training(run_id, Path(scratch), every_file=asked.every_file)
        except MlflowException as error:
            require_lost(error)
            chain = decision_log(model_name_of_run(run_id)).read()
            return [failed("runs", f"{LOST}: {run_id}"), chain_verdict(chain.decisions, chain.findings, run_id, None)]
        chain = decision_log(_model_name(stored.tags)).read()
        found = checked_record(stored, chain)
        if answering is not None:
            found.append(service_verdict(answering, stored, chain.champion, chain.decisions))
        return [*found, *retraining_verdicts(stored, asked.data, asked.workers, announce)]


def require_lost(error: MlflowException) -> None:
    """Raise ``StoreUnreachableError`` unless MLflow's answer was that there is no such run."""
    if error.error_code != "RESOURCE_DOES_NOT_EXIST":
        raise StoreUnreachableError(f"the record can't be read: MLflow answered {error.error_code}") from None


def run_of(run_or_version: str) -> str:
    """The id of a run: the one given, or the one that made a version (as `find_reference` reads it).

    Raises ``InputRefusedError`` if no run, version or decision has that name.
    """
    require_store()
    client = RegistryClient()
    try:
        if RUN_ID.fullmatch(run_or_version):
            return str(client.get_run(run_or_version).info.run_id)
        meant = find_reference(client, run_or_version)
        if meant.version.isdigit():
            return str(client.get_model_version(meant.name, meant.version).run_id)
        return str(client.get_model_version_by_alias(meant.name, meant.version).run_id)
    except MlflowException:
        if RUN_ID.fullmatch(run_or_version) and _is_known(client, run_or_version):
            return run_or_version
    problem = Problem("audit", None, None, "a training's run, a registered version or an alias", "none of these")
    raise InputRefusedError([problem])


def _is_known(client: MlflowClient, run_id: str) -> bool:
    """Whether a version or a decision names a run that is lost."""
    names = registered_names(client)
    versions = {version.run_id for name in names for version in client.search_model_versions(f"name = '{name}'")}
    decided = {decision.run_id for name in names for decision in decision_log(name).read().decisions}
    return run_id in versions | decided


def model_name_of_run(run_id: str) -> str:
    """The name of the registered model that a run made or is about; that of its version if the run is lost."""
    client = RegistryClient()
    try:
        return _model_name(client.get_run(run_id).data.tags)
    except MlflowException:
        found = client.search_model_versions(f"run_id = '{run_id}'")
        return str(found[0].name) if found else MODEL_NAME


def _model_name(tags: Mapping[str, str]) -> str:
    return str(tags.get(MODEL_NAME_TAG, MODEL_NAME))


def read_training(run_id: str, scratch: Path, *, every_file: bool = False) -> StoredTraining:
    """The present record of a training in the stores; remote artifacts are fetched below ``scratch``.

    Raises ``MlflowException`` if the run was deleted for good, ``StoreUnreachableError`` if its artifacts are not found
    here.
    """
    client = RegistryClient()
    top = client.get_run(run_id)
    depth = ReadingDepth(every_file=every_file)
    stored = read_record(client, top, sealed_document(top, scratch), scratch, depth).training
    name = _model_name(stored.tags)
    registered = client.search_model_versions(f"name = '{name}'")
    return replace(
        stored,
        evaluations=_evaluations(client, top, stored, scratch),
        monitorings=_monitorings(client, name, stored),
        copies=served_copies(name),
        answering=answering_copy(name),
        registered_runs=frozenset(str(version.run_id) for version in registered),
    )


def _evaluations(client: MlflowClient, top: Run, stored: StoredTraining, scratch: Path) -> tuple[StoredEvaluation, ...]:
    """The evaluations named by the versions' tags, and those that name the training."""
    about = f"tags.level = 'evaluation' AND tags.model_run_id = '{stored.run_id}'"
    found = {
        run.info.run_id: run.data.params.get("cohort", "") for run in search_runs(client, top.info.experiment_id, about)
    }
    named = _named(stored, EVALUATION)
    return tuple(
        StoredEvaluation(run_id, source, run_id in named, training_of(run_id, scratch))
        for run_id, source in sorted((found | named).items())
    )


def _named(stored: StoredTraining, prefix: str) -> dict[str, str]:
    """The runs that the versions' tags name, with what the tags say."""
    tags = [pair for version in stored.versions for pair in version.tags.items()]
    return {key.removeprefix(prefix): said for key, said in tags if key.startswith(prefix)}


def _monitorings(client: MlflowClient, name: str, stored: StoredTraining) -> tuple[StoredMonitoring, ...]:
    """The monitoring runs that the versions' tags name, and those that a later one names as the one before it."""
    named = _named(stored, MONITORING)
    experiment = client.get_experiment_by_name(f"{name}/monitoring") if stored.versions else None
    runs = list(search_runs(client, experiment.experiment_id, "")) if experiment else []
    known = {run.info.run_id: run for run in runs}
    for run in runs:
        before = run.data.tags.get(PREVIOUS_MONITORING)
        if before and run.data.tags.get("model_run_id") == stored.run_id:
            named.setdefault(before, f"before {run.info.run_id[:8]}")
    return tuple(
        StoredMonitoring(run_id, said, known[run_id].info.lifecycle_stage if run_id in known else None)
        for run_id, said in sorted(named.items())
    )


def own_record(run_id: str, scratch: Path) -> StoredTraining:
    """The record of a run without what is linked to it: evaluations, monitoring and served copies.

    Behind a server it is read briefly (``BRIEF``). Raises as ``read_training``.
    """
    client = RegistryClient()
    top = client.get_run(run_id)
    return read_record(client, top, sealed_document(top, scratch), scratch, BRIEF).training


def training_of(run_id: str, scratch: Path) -> StoredTraining | None:
    """The present record of a run, as ``own_record``; ``None`` if it is lost."""
    try:
        return own_record(run_id, scratch)
    except MlflowException as error:
        require_lost(error)
        return None

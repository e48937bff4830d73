"""Whether external evaluations and served copies agree with a training's record."""

from pathlib import Path

from models.bundle import BundleRefusedError, load_bundle
from training.audit.checks import LOST, record_verdicts
from training.audit.performance import performance_differs
from training.registry.seal import SealedItem, SealRefusedError, digest_of, read_seal
from training.registry.stored_training import ServedCopy, StoredEvaluation, StoredTraining
from training.verdicts import Verdict, not_checked, passed, verdict_of

WITHIN_MODEL = "artifacts/bundle/"
"""The bundle's folder among the model's artifacts."""


def evaluations_verdict(stored: StoredTraining) -> Verdict:
    """The evaluations on other cohorts exist, as sealed, and the version names them."""
    wrong = [text for found in stored.evaluations for text in _lost_or_changed(found)]
    cohorts = "; ".join(f"{found.source} by run {found.run_id[:8]}" for found in stored.evaluations)
    return verdict_of("evaluations", wrong, f"each as sealed: {cohorts}" if cohorts else "none recorded")


def _lost_or_changed(found: StoredEvaluation) -> list[str]:
    name = f"evaluation {found.run_id} on {found.source}"
    if found.stored is None:
        return [f"{name}: {LOST}"]
    verdicts = record_verdicts(found.stored)
    wrong = [f"{name}: {each.check}: {each.detail}" for each in verdicts if each.outcome == "failed"]
    return wrong + ([] if found.named else [f"{name}: no tag of the version names it"])


def monitoring_verdict(stored: StoredTraining) -> Verdict:
    """Every monitoring run that a version or a later monitoring names is there."""
    wrong = [f"monitoring {one.run_id}, {one.said}: {LOST}" for one in stored.monitorings if one.stage is None]
    wrong += [
        f"monitoring {one.run_id}, {one.said}: marked as deleted; mlflow gc would remove it for good"
        for one in stored.monitorings
        if one.stage not in (None, "active")
    ]
    number = len(stored.monitorings)
    there = f"{number} monitoring run{'' if number == 1 else 's'}, all there" if number else "none recorded"
    return verdict_of("monitoring", wrong, there)


def served_verdict(stored: StoredTraining, champion: str | None) -> Verdict:
    """Every copy of this training's versions in BentoML's store is the registered bundle, and the champion has one.

    The performance file of a copy must agree with the evidence. If the store has no copy of this registry's models, the
    check is not made.
    """
    numbers = {version.number for version in stored.versions}
    mine = [copy for copy in stored.copies if copy.run_id == stored.run_id]
    wrong = [text for copy in mine for text in (*_copy_differs(copy, stored), *performance_differs(copy, stored))]
    wrong += [
        f"{copy.tag} says it is version {copy.version or 'unknown'}" for copy in mine if copy.version not in numbers
    ]
    if champion in numbers:
        wrong += _champion_not_served(stored, champion or "")
    if wrong or mine:
        tags = ", ".join(copy.tag for copy in mine)
        return verdict_of("served", wrong, f"each copy is the registered bundle: {tags}")
    if champion in numbers:
        return not_checked(
            "served", "BentoML's store on this machine has no copy of this registry's models: served elsewhere"
        )
    other = "there is no champion" if champion is None else f"the champion is version {champion}"
    return passed("served", f"no copy on this machine; {other}")


def _copy_differs(copy: ServedCopy, stored: StoredTraining) -> list[str]:
    """The files of a copy that are not as sealed; if all are, whether its bundle is the recorded one."""
    folder = copy.folder / "bundle"
    here = {path.relative_to(folder).as_posix(): digest_of(path.read_bytes()) for path in _files(folder)}
    then = _sealed_bundle(stored)
    differing = sorted(name for name in here.keys() | then.keys() if then and here.get(name) != then.get(name))
    if differing:
        return [f"{copy.tag}: {name}: not as sealed" for name in differing]
    try:
        bundle = load_bundle(folder)
    except BundleRefusedError as error:
        return [f"{copy.tag}: {error}"]
    recorded = stored.recorded("bundle_digest")
    return [
        f"{copy.tag}: its bundle is not that of {place}" for place, value in recorded.items() if value != bundle.digest
    ]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sealed_bundle(stored: StoredTraining) -> dict[str, str]:
    """SHA-256 of the bundle's files by name, as sealed; empty if no seal can be read."""
    try:
        sealed = read_seal(stored.sealed or b"").digests
    except SealRefusedError:
        return {}
    return {item.name.removeprefix(WITHIN_MODEL): digest for item, digest in sealed.items() if _is_bundle(item)}


def _is_bundle(item: SealedItem) -> bool:
    return item.owner.startswith("m-") and item.kind == "artifact" and item.name.startswith(WITHIN_MODEL)


def _champion_not_served(stored: StoredTraining, champion: str) -> list[str]:
    """The service loads the newest copy of this registry's models, which must be the champion's."""
    known = [copy for copy in stored.copies if copy.run_id in stored.registered_runs]
    if not known:
        return []
    last = known[-1]
    if (last.version, last.run_id) == (champion, stored.run_id):
        return []
    return [f"version {champion} is champion, but the newest copy, {last.tag}, is of another version"]

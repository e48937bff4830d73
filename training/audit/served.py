"""Whether the service answers with the champion: the copy that it loads, every copy of a training, their signatures.

The copy is found as the service finds it (`training.handover.served_copies`); `service` asks a running one.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from models.bundle import BundleRefusedError, load_bundle
from models.promotion import Promotion, read_promotion
from models.signature import signer_of, verify_signature
from training.audit.performance import performance_differs
from training.handover.granted import promotion_of
from training.registry.decisions import Decision
from training.registry.seal import SealedItem, SealRefusedError, digest_of, read_seal
from training.registry.stored_training import ServedCopy, StoredTraining
from training.verdicts import Verdict, does_not_apply, not_checked, passed, verdict_of

WITHIN_MODEL = "artifacts/bundle/"
"""The bundle's folder among the model's artifacts."""
COPIES_SIGNED = "signed copies"
"""The check of who signed the copies; "signature" is that of a package."""
TRUSTED = "KAP_TRUSTED_KEYS"
"""The setting that names the keys whose signatures count, here as for the service."""
ELSEWHERE = (
    "BentoML's store on this machine has no copy of this registry's models: served elsewhere; ask with --service"
)


def served_verdict(stored: StoredTraining, champion: str | None, decisions: Sequence[Decision] = ()) -> Verdict:
    """Every copy of this training is as promoted, and a service here answers with the champion's copy.

    If the store has no copy of this registry's models, the check is not made.
    """
    mine = _own_copies(stored)
    wrong = [text for copy in mine for text in _copy_differs(copy, stored, decisions)]
    numbers = {version.number for version in stored.versions}
    if champion in numbers:
        wrong += _champion_not_answering(stored, champion or "", decisions)
    elif (answering := _answering(stored)) is not None and answering.run_id == stored.run_id:
        wrong.append(f"a service here answers with {answering.tag}, which is this version, and it is not champion")
    if wrong or mine:
        tags = ", ".join(copy.tag for copy in mine)
        return verdict_of("served", wrong, f"each copy is the registered bundle: {tags}{_who_answers(stored)}")
    if champion in numbers:
        return not_checked("served", ELSEWHERE)
    other = "there is no champion" if champion is None else f"the champion is version {champion}"
    return passed("served", f"no copy on this machine; {other}{_who_answers(stored)}")


def signature_verdict(stored: StoredTraining) -> Verdict:
    """Who signed the copies of this training, by the keys that KAP_TRUSTED_KEYS names."""
    trusted, copies = os.environ.get(TRUSTED), _own_copies(stored)
    said: dict[str, str] = {}
    wrong: list[str] = []
    for copy in copies:
        try:
            named = signer_of(copy.folder)
            if trusted:
                said[copy.tag] = f"signed by {verify_signature(copy.folder, Path(trusted))}"
            elif named:
                said[copy.tag] = f"signed by {named}"
        except BundleRefusedError as refused:
            wrong.append(f"{copy.tag}: {refused}")
    text = "; ".join(f"{tag}: {signed}" for tag, signed in said.items())
    if wrong or (said and trusted):
        return verdict_of(COPIES_SIGNED, wrong, text)
    if said:
        return not_checked(COPIES_SIGNED, f"{text}; name the keys that you trust in {TRUSTED}")
    return does_not_apply(COPIES_SIGNED, "no copy on this machine is signed" if copies else "no copy on this machine")


def _own_copies(stored: StoredTraining) -> list[ServedCopy]:
    return [copy for copy in stored.copies if copy.run_id == stored.run_id]


def _answering(stored: StoredTraining) -> ServedCopy | None:
    return None if stored.answering is None else stored.answering.copy


def _who_answers(stored: StoredTraining) -> str:
    """What a service here answers with, if it is another training."""
    answering = _answering(stored)
    if answering is None or answering.run_id == stored.run_id:
        return ""
    return f"; a service here answers with {_described(answering, stored)}"


def _described(copy: ServedCopy, stored: StoredTraining) -> str:
    named = f"{copy.tag}, version {copy.version or 'unknown'}"
    return named if copy.run_id in stored.registered_runs else f"{named} of another registry"


def _champion_not_answering(stored: StoredTraining, champion: str, decisions: Sequence[Decision]) -> list[str]:
    """What the service loads must be the copy of the champion that its last decision made."""
    asked = stored.answering
    if asked is not None and asked.damaged:
        return [
            f"version {champion} is champion, but {asked.tag}, which the service loads, is damaged: {asked.damaged}"
        ]
    if asked is None or asked.copy is None:
        known = [copy for copy in stored.copies if copy.run_id in stored.registered_runs]
        return (
            [f"version {champion} is champion, but the service finds nothing at {asked.tag}"] if known and asked else []
        )
    copy = asked.copy
    if (copy.version, copy.run_id) != (champion, stored.run_id):
        return [f"version {champion} is champion, but the service answers with {_described(copy, stored)}"]
    last = next((each for each in reversed(decisions) if each.changes_champion), None)
    if last is not None and copy.decision != last.hash:
        return [f"{copy.tag}, which the service loads, is not the copy that decision {last.number} made"]
    return []


def _copy_differs(copy: ServedCopy, stored: StoredTraining, decisions: Sequence[Decision]) -> list[str]:
    """What is wrong with a copy: its files, the version and bundle that it names, its performance, its promotion."""
    wrong = [*_files_differ(copy, stored), *performance_differs(copy, stored), *_promotion_differs(copy, decisions)]
    if copy.version not in {version.number for version in stored.versions}:
        wrong.append(f"{copy.tag} says it is version {copy.version or 'unknown'}")
    if copy.bundle_digest and copy.bundle_digest != stored.tags.get("bundle_digest", copy.bundle_digest):
        wrong.append(f"{copy.tag}: its entry names another bundle")
    return wrong


def _promotion_differs(copy: ServedCopy, decisions: Sequence[Decision]) -> list[str]:
    """The findings on a copy's promotion file: it says what the decision that made the copy granted."""
    made = next((each for each in decisions if each.hash == copy.decision), None)
    try:
        said = read_promotion(copy.folder, copy.metadata)
        bundle = load_bundle(copy.folder / "bundle")
    except BundleRefusedError as refused:
        return [f"{copy.tag}: {refused}"]
    if made is None or (said is None and made.granted is None):
        return []  # the check of the decisions names an unknown one; a copy of an earlier version says nothing
    wanted = promotion_of(made, decisions[: made.number - 1], bundle)
    return (
        [] if _same(said, wanted) else [f"{copy.tag}: promotion.json does not say what decision {made.number} granted"]
    )


def _same(said: Promotion | None, wanted: Promotion) -> bool:
    return said is not None and said.as_json() == wanted.as_json()


def _files_differ(copy: ServedCopy, stored: StoredTraining) -> list[str]:
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

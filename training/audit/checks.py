"""Whether the record of a training is as sealed, from the runs to the decisions on its versions."""

from collections.abc import Sequence

from pydantic import ValidationError

from features.protocol.shortening import listed
from models.bundle import BundleRefusedError, load_bundle
from training.cohort.file_names import IMPORT_RECORD
from training.decisions.entry_check import Finding
from training.evidence.document import read_evidence
from training.handover.granted import OVERRIDE, promotion_line, promotion_of, promotion_tags
from training.plausibility.cohort_check import CHECK, IMPORT_DIGEST, recorded_agreement
from training.plausibility.import_agreement import TABLES_AS_IMPORTED, imported_digest
from training.registry.artifacts import EVIDENCE
from training.registry.decisions import Decision
from training.registry.seal import (
    LOADING_NOTE,
    SEAL,
    SEAL_DIGEST,
    Record,
    SealDifference,
    SealRefusedError,
    compare,
    digest_of,
    read_seal,
)
from training.registry.stored_training import StoredTraining, StoredVersion
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed, verdict_of

LOST = "deleted from the store, with all that it recorded"
FILE_KINDS = ("artifact", LOADING_NOTE)
RUN_ID_LENGTH = 32
MOST_NOTED = 20
NOTED = "(noted)"
"""Behind a difference that breaks no seal."""


def record_verdicts(stored: StoredTraining) -> list[Verdict]:
    """The runs, the seal, the record, the artifacts, the model, its versions and the evidence."""
    seal, sealed = _seal_verdict(stored)
    if sealed is None:
        unknown = "the seal failed, so there is nothing to compare with"
        compared = [verdict_of("runs", _deleted(stored), "none deleted")]
        compared += [not_checked(check, unknown) for check in ("record", "artifacts")]
    else:
        compared = _compared_verdicts(stored, sealed)
    return [
        seal,
        *compared,
        _model_verdict(stored, sealed),
        _registry_verdict(stored, sealed),
        _evidence_verdict(stored),
        import_verdict(stored),
    ]


def _seal_verdict(stored: StoredTraining) -> tuple[Verdict, Record | None]:
    if stored.sealed is None:
        return failed("seal", "no seal: the run was never sealed, or its seal was lost"), None
    digest = digest_of(stored.sealed)
    wrong = [
        f"{SEAL} differs from the tag {SEAL_DIGEST} of {place}" if value else f"{SEAL_DIGEST} of {place}: missing"
        for place, value in stored.recorded(SEAL_DIGEST).items()
        if value != digest
    ]
    try:
        sealed = read_seal(stored.sealed)
    except SealRefusedError as error:
        return failed("seal", str(error)), None
    if sealed.run_id != stored.run_id:
        wrong.append("the seal belongs to another run")
    return verdict_of("seal", wrong, f"{len(sealed.digests)} sealed digests, {digest}"), None if wrong else sealed


def _compared_verdicts(stored: StoredTraining, sealed: Record) -> list[Verdict]:
    """The verdicts on runs, record and artifacts; a lost or added run is reported once, not item by item."""
    here, then = stored.record.owners.keys(), sealed.owners.keys()
    differences = compare(sealed, stored.record)
    within = [found for found in differences if found.item.owner in here & then]
    whole = [f"{sealed.owners[key]}: {LOST}" for key in sorted(then - here)]
    whole += [
        f"{stored.record.owners[key]}: added after the sealing"
        for key in sorted(here - then)
        if len(key) == RUN_ID_LENGTH or key.startswith("m-")
    ]
    recorded = [found for found in within if found.item.kind not in FILE_KINDS]
    files = [found for found in within if found.item.kind in FILE_KINDS]
    number = sum(item.kind == "artifact" for item in sealed.digests.keys() - stored.withheld)
    present = f"{sum(len(key) == RUN_ID_LENGTH for key in then)} runs and the model are present"
    return [
        verdict_of("runs", [*whole, *_deleted(stored)], present),
        verdict_of("record", _broken(sealed, recorded), "as sealed" + _noted(sealed, recorded)),
        verdict_of(
            "artifacts", _broken(sealed, files), f"{number} files, {_how_read(stored, sealed)}{_noted(sealed, files)}"
        ),
    ]


def _noted(sealed: Record, differences: Sequence[SealDifference]) -> str:
    """The differences that break no seal, what was changed before what was added; people decide what they mean."""
    harmless = sorted((found for found in differences if found.harmless), key=lambda found: found.what == "added")
    noted = [f"{_text(sealed, found)} {NOTED}" for found in harmless]
    more = len(noted) - MOST_NOTED
    return "".join(f"; {text}" for text in [*noted[:MOST_NOTED], *([f"and {more} more"] if more > 0 else [])])


def _how_read(stored: StoredTraining, sealed: Record) -> str:
    if stored.withheld:
        names = [sealed.described(item) for item in sorted(stored.withheld)]
        return f"all as sealed; not in the package, so only their sealed digests are known (noted): {listed(names)}"
    if not stored.from_archive:
        return "all as sealed"
    return (
        f"all as sealed: {stored.from_archive} in the sealed archive, those of the training and the model also in the "
        "store by name and size; --every-file reads each there"
    )


def _deleted(stored: StoredTraining) -> list[str]:
    return [f"{name}: marked as deleted; mlflow gc would remove it for good" for name in stored.deleted]


def _broken(sealed: Record, differences: Sequence[SealDifference]) -> list[str]:
    return [_text(sealed, found) for found in differences if not found.harmless]


def _text(sealed: Record, difference: SealDifference) -> str:
    return f"{sealed.described(difference.item)}: {difference.what}"


def _model_verdict(stored: StoredTraining, sealed: Record | None) -> Verdict:
    if stored.bundle is None and _sealed_without(sealed, "m-"):
        return not_checked("model", "the run has no model")
    if stored.bundle is None:
        return failed("model", f"the model: {LOST}")
    try:
        bundle = load_bundle(stored.bundle)
    except BundleRefusedError as error:
        return failed("model", str(error))
    wrong = [
        f"bundle_digest of {place} is {'that of another bundle' if value else 'missing'}"
        for place, value in stored.recorded("bundle_digest").items()
        if value != bundle.digest
    ]
    return verdict_of("model", wrong, f"the bundle loads and answers its reference inputs as recorded, {bundle.digest}")


def _registry_verdict(stored: StoredTraining, sealed: Record | None) -> Verdict:
    """The registered versions exist, and their tags agree with the run."""
    if not stored.versions and _sealed_without(sealed, "version "):
        return not_checked("registry", "the run registered no version")
    if not stored.versions:
        return failed("registry", f"the registered version: {LOST}")
    gone = [key for key in (sealed.owners if sealed else ()) if key.startswith("version ")]
    wrong = [f"{key}: {LOST}" for key in gone if key not in stored.record.owners]
    for name in ("bundle_digest", "cohort_digest", "evidence_digest", SEAL_DIGEST):
        for place, value in stored.recorded(name).items():
            if value != stored.tags.get(name):
                wrong.append(f"{name} of {place} differs from the run's")
    names = ", ".join(version.number for version in stored.versions)
    return verdict_of("registry", wrong, f"version {names}, with the digests of the run")


def _sealed_without(sealed: Record | None, kind: str) -> bool:
    return sealed is not None and not any(owner.startswith(kind) for owner in sealed.owners)


def _evidence_verdict(stored: StoredTraining) -> Verdict:
    path, recorded = stored.artifacts / EVIDENCE, stored.tags.get("evidence_digest")
    if not path.is_file():
        if recorded:
            return failed("evidence", f"{EVIDENCE} is lost")
        return not_checked("evidence", "none was recorded with this training")
    content = path.read_bytes()
    if digest_of(content) != recorded:
        return failed("evidence", f"{EVIDENCE} differs from the run's tag evidence_digest")
    try:
        evidence = read_evidence(content)
    except ValidationError:
        return failed("evidence", f"{EVIDENCE} has a format that this installation does not read")
    if evidence.cohort.digest != stored.tags.get("cohort_digest"):
        return failed("evidence", "it names another cohort than the run")
    failing = [check.name for check in evidence.leakage if check.stops]
    met = sum(check.passed for check in evidence.leakage)
    noted = [f"{check.name}: {check.verdict}" for check in evidence.leakage if check.acknowledged]
    return verdict_of(
        "evidence",
        [f"the leakage check {name} did not pass" for name in failing],
        "; ".join([f"{len(evidence.landmarks)} landmarks, {met} leakage checks passed, {recorded}", *noted]),
    )


def import_verdict(stored: StoredTraining) -> Verdict:
    """The record of the import that made the cohort is the one whose digest the run names."""
    path, recorded = stored.artifacts / IMPORT_RECORD, stored.tags.get(IMPORT_DIGEST)
    if recorded is None and not path.is_file():
        return does_not_apply("import", "the cohort has no record of an import")
    if not path.is_file():
        return failed("import", f"{IMPORT_RECORD} is lost")
    if digest_of(path.read_bytes()) != recorded:
        return failed("import", f"{IMPORT_RECORD} differs from the run's tag {IMPORT_DIGEST}")
    return _imported_cohort_verdict(stored, path.read_bytes())


def _imported_cohort_verdict(stored: StoredTraining, record: bytes) -> Verdict:
    """The cohort of the run is the one that the import made, at least its tables."""
    imported, cohort = imported_digest(record), stored.tags.get("cohort_digest")
    named = stored.tags.get(IMPORT_DIGEST)
    if imported is None:
        return not_checked("import", f"{IMPORT_RECORD} names no cohort, so nothing tells whether it is of this one")
    if imported == cohort:
        return passed("import", f"the import that made the cohort, {named}")
    check = stored.artifacts / CHECK
    agreement = recorded_agreement(check.read_bytes()) if check.is_file() else None
    if agreement in TABLES_AS_IMPORTED:
        return passed("import", f"the import that made the tables, {named}; they were read under another protocol")
    changed = "the tables or the protocol were changed after the import"
    return failed("import", f"{changed}: {IMPORT_RECORD} names the cohort {imported}, the run {cohort}")


def chain_verdict(
    decisions: Sequence[Decision], findings: Sequence[Finding], run_id: str, stored: StoredTraining | None
) -> Verdict:
    """No decision was changed, and every decision on a version of this run agrees with the present record."""
    about = [decision for decision in decisions if decision.run_id == run_id]
    wrong = [str(finding) for finding in findings]
    if stored is not None:
        numbers = {version.number for version in stored.versions}
        about += [each for each in decisions if each.version in numbers and each.run_id != run_id]
        wrong += [text for decision in about for text in _contradictions(decision, stored)]
        wrong += [text for version in stored.versions for text in _untrue_promotions(version, decisions)]
        wrong += [text for version in stored.versions for text in _untrue_descriptions(version, decisions, stored)]
    chain = f"{len(decisions)} decision{'' if len(decisions) == 1 else 's'}, none changed, moved or lost"
    texts = [f"{each.at} {each.action} version {each.version} by {each.by}" for each in about]
    own = f"about this training: {listed(texts)}" if about else "none is about this training: it was never promoted"
    return verdict_of("decisions", wrong, f"{chain}; {own}")


def _contradictions(decision: Decision, stored: StoredTraining) -> list[str]:
    decided = {
        "bundle_digest": decision.bundle_digest,
        "evidence_digest": decision.evidence_digest,
        SEAL_DIGEST: decision.seal_digest,
    }
    wrong = [
        f"{decision.key} is about another {name} than the present one"
        for name, value in decided.items()
        if value != stored.tags.get(name)
    ]
    return wrong + ([f"{decision.key} names another run"] if decision.run_id != stored.run_id else [])


def _untrue_descriptions(version: StoredVersion, decisions: Sequence[Decision], stored: StoredTraining) -> list[str]:
    """A description that says another promotion than the last one; one that says none was written anew by people."""
    bundle = stored.loaded_bundle
    if not version.described or bundle is None:
        return []
    made = [each for each in decisions if each.version == version.number and each.changes_champion]
    last = promotion_of(made[-1], decisions[: made[-1].number - 1], bundle) if made else None
    true = last is not None and version.described == promotion_line(last)
    return [] if true else [f"the description of version {version.number} says another promotion than the decisions"]


def _untrue_promotions(version: StoredVersion, decisions: Sequence[Decision]) -> list[str]:
    """Tags on a version's promotions that are missing or disagree with the decisions."""
    decided: dict[str, str] = {}
    for each in decisions:
        if each.version == version.number and each.changes_champion:
            decided.pop(OVERRIDE, None)
            decided |= promotion_tags(each, decisions[: each.number - 1])
    if "promoted_tier" not in version.tags and all(each.granted is None for each in decisions):
        decided.pop("promoted_tier", None)  # of a version before 0.10
    said = {key: value for key, value in version.tags.items() if key.startswith(("promoted_", "promotion "))}
    untrue = [key for key, value in said.items() if decided.get(key) != value]
    lost = [f"the tag {key} of version {version.number}: lost" for key in decided.keys() - said.keys()]
    return [f"the tag {key} of version {version.number} disagrees with the decision" for key in untrue] + sorted(lost)

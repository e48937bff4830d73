"""The sections of a dossier; every statement has its source artifact.

The source of the run's parameters, metrics and tags is the seal, which has a digest of each.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from training.cohort.file_names import IMPORT_RECORD
from training.dossier.content import (
    MANIFEST,
    Artifact,
    Dossier,
    Statement,
    Statements,
    evaluation_document,
    evaluation_name,
)
from training.dossier.import_facts import import_facts
from training.evidence.document import Estimate, Evidence, LandmarkEvidence, Question, read_evidence
from training.plausibility.cohort_check import CHECK, IMPORT_DIGEST, recorded_warnings
from training.registry.artifacts import EVIDENCE, PROTOCOL
from training.registry.decisions import Decision
from training.registry.seal import SEAL, SealRefusedError, read_seal
from training.registry.stored_training import StoredEvaluation
from training.report.wording import interval, measure_title, patients


def sections(dossier: Dossier) -> dict[str, Sequence[Statements]]:
    """The statements of the sections, by the names under which the template places them."""
    evidence, decisions = dossier.evidence, dossier.decisions
    return {
        "model": [_model(dossier)],
        "data": [_data(dossier), *_import(dossier)],
        "flow": _flow(evidence, dossier.source(EVIDENCE)) if evidence else [],
        "evidence": _evidence(evidence, dossier.source(EVIDENCE)) if evidence else [],
        "evaluations": [each for found in dossier.stored.evaluations for each in _evaluation(dossier, found)],
        "decisions": [_decision(decision) for decision in decisions],
        "environment": [_environment(dossier)],
    }


def _model(dossier: Dossier) -> Statements:
    source, tags = dossier.source(MANIFEST), dossier.stored.tags
    statements: list[Statement] = [
        ("registered version", dossier.version, dossier.source(SEAL)),
        ("made by run", dossier.stored.run_id, dossier.source(SEAL)),
        ("digest of the bundle (SHA-256 of its manifest)", tags.get("bundle_digest", "not recorded"), source),
    ]
    bundle = dossier.bundle
    if bundle is None:
        return Statements("The model", statements)
    horizons = ", ".join(str(days) for days in bundle.protocol.horizons_days)
    statements += [
        ("predicts", f"remission; relapse and sustained remission to day {horizons}", source),
        ("features", str(len(bundle.features)), source),
    ]
    for model, records in zip(bundle.models, bundle.records, strict=True):
        for head, record in records.items():
            fitted_on = f"{patients(record.patients)}, {record.events:,} event{'' if record.events == 1 else 's'}"
            counts = f"{record.winner or 'no model'}, fitted on {fitted_on}"
            note = f"; {record.note}" if record.note else ""
            statements.append((f"{model.landmark.name}: {head}", counts + note, source))
    return Statements("The model", statements)


def _data(dossier: Dossier) -> Statements:
    tags, seal = dossier.stored.tags, dossier.source(SEAL)
    statements: list[Statement] = [
        ("trained by", dossier.author, seal),
        ("training began", dossier.trained_at or "not recorded", seal),
        ("digest of the cohort", tags.get("cohort_digest", "not recorded"), seal),
    ]
    if dossier.bundle:
        protocol = dossier.bundle.protocol
        statements.append(("protocol", f"{protocol.name}, digest {protocol.digest}", dossier.source(PROTOCOL)))
    if dossier.evidence:
        cohort, source = dossier.evidence.cohort, dossier.source(EVIDENCE)
        drawn = "synthetic" if cohort.synthetic else "recorded"
        statements.append(("patients", f"{cohort.patients} at {cohort.sites} sites, {drawn}", source))
        statements.append(("held out by", dossier.evidence.folds, source))
    statements += _checked(dossier)
    for name, recorded in dossier.stored.landmark_tags.items():
        for key, words in (("outcomes_digest", "outcomes"), ("features_digest", "feature rows")):
            if key in recorded:
                statements.append((f"digest of the {words}, {name}", recorded[key], seal))
    return Statements("The data", statements)


def _checked(dossier: Dossier) -> list[Statement]:
    """Which import made the cohort, and what was found in it before the training."""
    statements: list[Statement] = []
    if IMPORT_DIGEST in dossier.stored.tags:
        source = dossier.source(IMPORT_RECORD)
        statements.append(("digest of the import", dossier.stored.tags[IMPORT_DIGEST], source))
    path = dossier.stored.artifacts / CHECK
    if path.is_file():
        warnings = recorded_warnings(path.read_bytes()) or ["none"]
        found = (
            [f"warning {number}" for number in range(1, len(warnings) + 1)] if warnings != ["none"] else ["warnings"]
        )
        statements += [(name, words, dossier.source(CHECK)) for name, words in zip(found, warnings, strict=True)]
    return statements


def _import(dossier: Dossier) -> list[Statements]:
    """What the import that made the cohort read and converted, from its record; nothing without one."""
    path, source = dossier.stored.artifacts / IMPORT_RECORD, dossier.source(IMPORT_RECORD)
    if not path.is_file():
        return []
    facts = import_facts(path.read_bytes(), dossier.stored.tags.get("cohort_digest", ""))
    return [Statements("The import", [(name, value, source) for name, value in facts])]


def _flow(evidence: Evidence, source: Artifact) -> list[Statements]:
    return [
        Statements(f"Patients, {found.name}", [(box.label, str(box.n), source) for box in found.flow])
        for found in evidence.landmarks
    ]


def _evidence(evidence: Evidence, source: Artifact) -> list[Statements]:
    leakage = [
        (f"leakage: {found.name}", f"{found.verdict}: {found.seen_in_full}", source) for found in evidence.leakage
    ]
    general: list[Statement] = [
        ("intervals", f"95%, {evidence.draws} bootstrap draws over {evidence.resampled}", source),
        *leakage,
        *((f"caveat {number}", words, source) for number, words in enumerate(evidence.caveats, start=1)),
    ]
    if evidence.refit_check:
        again = f"{evidence.refit_check.heads} heads fitted twice, "
        again += "the same bytes" if evidence.refit_check.identical else "DIFFERENT bytes"
        general.append(("refit check", again, source))
    return [Statements("Of the whole", general), *(_measures(found, source) for found in evidence.landmarks)]


def _measures(landmark: LandmarkEvidence, source: Artifact, of: str = "Held-out figures, ") -> Statements:
    statements: list[Statement] = []
    for head in landmark.heads:
        statements += _figures(head.head, head.measures, source)
        if head.sample_size:
            size = head.sample_size
            needed = "an unknown number of" if size.required is None else f"{size.required:,}"
            words = f"the model has {size.parameters} parameters and needs {needed} patients; "
            words += f"the cohort has {size.patients:,}"
            statements.append((f"{head.head}: sample size", words, source))
    for question in landmark.questions:
        name = f"{question.head} to day {question.horizon_days}" if question.horizon_days else question.head
        statements.append((name, _counts(question), source))
        statements += _figures(name, question.measures, source)
    return Statements(f"{of}{landmark.name}", statements)


def _figures(of: str, measures: Mapping[str, Estimate], source: Artifact) -> list[Statement]:
    return [(f"{of}: {measure_title(name)}", interval(found, digits=3), source) for name, found in measures.items()]


def _counts(question: Question) -> str:
    return (
        f"{patients(question.n)} with an observed outcome, {question.events} yes; {question.not_observed} not observed"
    )


def _evaluation(dossier: Dossier, found: StoredEvaluation) -> list[Statements]:
    """An evaluation's main figures, or what is missing."""
    caption, content = f"On {found.source}, by run {found.run_id}", evaluation_document(found)
    if content is None:
        return [Statements(caption, [("evidence", "LOST: the run or its evidence is missing", None)])]
    try:
        evidence = read_evidence(content)
    except ValidationError:
        return [Statements(caption, [("evidence", "can't be read", dossier.source(evaluation_name(found)))])]
    cohort, source = evidence.cohort, dossier.source(evaluation_name(found))
    words = f"{cohort.patients} at {cohort.sites} sites, {'synthetic' if cohort.synthetic else 'recorded'}"
    counted = Statements(caption, [("patients", words, source), ("digest of the cohort", cohort.digest, source)])
    return [counted, *(_measures(landmark, source, f"{found.source}: ") for landmark in evidence.landmarks)]


def _decision(decision: Decision) -> Statements:
    source = Artifact(decision.key, decision.hash)
    statements: list[Statement] = [
        ("decided", f"{decision.action}, {decision.at}, by {decision.by}", source),
        ("reason", decision.reason, source),
        ("champion before", decision.previous_champion or "none", source),
        ("policy", decision.policy_digest or "none", source),
        ("on the evidence", decision.evidence_digest or "none", source),
        ("on the seal", decision.seal_digest or "none", source),
    ]
    for check in decision.checks:
        outcome = "passed" if check.passed else "NOT passed"
        statements.append((check.name, f"{outcome}: required {check.required}; seen {check.seen}", source))
    return Statements(f"Decision {decision.number}", statements)


def _environment(dossier: Dossier) -> Statements:
    named = {
        "commit": "commit of the code",
        "modified": "files differed from the commit",
        "sources_digest": "digest of the code that ran",
        "lock_digest": "digest of the locked dependencies",
        "python": "Python",
        "machine": "machine",
        "blas": "linear algebra",
    }
    tags = dossier.stored.tags
    packages = {key: key.removeprefix("package.") for key in sorted(tags) if key.startswith("package.")}
    shown: Mapping[str, str] = {words: tags[key] for key, words in (named | packages).items() if key in tags}
    return Statements("Code and environment", [(words, value, dossier.source(SEAL)) for words, value in shown.items()])


def listed_artifacts(dossier: Dossier) -> list[tuple[Artifact, str]]:
    """Every artifact, with whether it is as sealed, then the decisions."""
    found = [(Artifact(name, digest), _state(dossier, name, digest)) for name, digest in dossier.artifacts().items()]
    kept = [
        (Artifact(each.key, each.hash), "in the decision log of the registered model") for each in dossier.decisions
    ]
    return [*found, *kept]


def _state(dossier: Dossier, name: str, digest: str) -> str:
    if name == SEAL:
        return "the seal; its digest is the tag seal_digest"
    evaluation = next((found.stored for found in dossier.stored.evaluations if evaluation_name(found) == name), None)
    document = (evaluation or dossier.stored).sealed
    try:
        sealed = read_seal(document or b"").digests
    except SealRefusedError:
        return "no seal to compare with"
    kept = EVIDENCE if evaluation else name
    agrees = any(item.name == kept and then == digest for item, then in sealed.items())
    return "as sealed" if agrees else "NOT as sealed"

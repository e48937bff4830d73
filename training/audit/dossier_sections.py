"""What a dossier says, section by section; every statement stands beside the artifact that proves it.

Parameters, metrics and tags of the run are proved by the seal, which holds a digest of each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup
from pydantic import ValidationError

from models.bundle import Bundle
from training.audit.checks import EVIDENCE
from training.evidence.document import Estimate, Evidence, LandmarkEvidence, Question, read_evidence
from training.registry.decisions import Decision
from training.registry.seal import SEAL, SealRefusedError, digest_of, read_seal
from training.registry.stored_training import StoredEvaluation, StoredTraining
from training.report.markup import paragraph, section, table
from training.report.wording import interval, measure_title
from training.verdicts import Verdict, exit_code

MANIFEST = "artifacts/bundle/manifest.json"
PROTOCOL = "protocol.json"
Statement = tuple[str, str | Markup, Markup]
"""What is stated, its value, and the link to what proves it."""
EvidencePart = tuple[str, str, Markup]
"""Anchor, title and content of a section."""


@dataclass(frozen=True, eq=False)
class Dossier:
    """All that a dossier is written from; ``decisions`` are those about the version, ``written_on`` a date."""

    version: str
    stored: StoredTraining
    bundle: Bundle | None
    evidence: Evidence | None
    decisions: tuple[Decision, ...]
    verdicts: tuple[Verdict, ...]
    written_on: str

    def proof(self, artifact: str) -> Markup:
        """A link to an artifact in the list at the end, with the start of its digest."""
        digest = next((found for name, found in self.artifacts().items() if name == artifact), None)
        if digest is None:
            return Markup("{} (not recorded)").format(artifact)
        return Markup('<a href="#{}">{}</a> <code>{}</code>').format(_anchor(artifact), artifact, digest[:12])

    def artifacts(self) -> dict[str, str]:
        """SHA-256, as it is now, of the training's own artifacts, its seal and its model's files, by path."""
        stored = self.stored
        model = [key for key in stored.record.owners if key.startswith("m-")]
        digests = {
            item.name: digest
            for owner in (stored.run_id, *model)
            for item, digest in sorted(stored.record.digests.items())
            if item.owner == owner and item.kind == "artifact"
        }
        digests |= {SEAL: digest_of(stored.sealed)} if stored.sealed else {}
        documents = {_name(found): _document(found) for found in stored.evaluations}
        return digests | {name: digest_of(content) for name, content in documents.items() if content}


def sections(dossier: Dossier) -> list[EvidencePart]:
    """The sections in the order of reading."""
    parts = [
        ("checks", "What was checked", _checks(dossier)),
        ("model", "The model", _model(dossier)),
        ("data", "The data", _data(dossier)),
        ("flow", "The flow of patients", _flow(dossier)),
        ("evidence", "The evidence", _evidence(dossier)),
        ("evaluations", "Evaluations on other cohorts", _evaluations(dossier)),
        ("decisions", "The decisions", _decisions(dossier)),
        ("environment", "Code and environment", _environment(dossier)),
        ("artifacts", "The artifacts", _artifacts(dossier)),
    ]
    return [(anchor, title, section(anchor, 2, title, content)) for anchor, title, content in parts]


def _statements(caption: str, statements: Iterable[Statement]) -> Markup:
    return table(caption, ("statement", "value", "proved by"), statements)


def _checks(dossier: Dossier) -> Markup:
    failing = [verdict.check for verdict in dossier.verdicts if verdict.outcome == "failed"]
    if failing:
        words = f"On {dossier.written_on} these checks FAILED: {', '.join(failing)}. What they concern proves nothing."
    else:
        words = f"On {dossier.written_on} nothing that was checked had been changed or lost since the sealing."
    said = paragraph(words, "banner" if exit_code(dossier.verdicts) == 4 else "")
    rows = [(verdict.check, verdict.outcome, verdict.detail) for verdict in dossier.verdicts]
    again = Markup(
        "To repeat them, and to have the model learned again: <code>kap audit verify {} --data COHORT</code>"
    )
    return said + table("Checks", ("check", "outcome", "seen"), rows) + paragraph(again.format(dossier.stored.run_id))


def _model(dossier: Dossier) -> Markup:
    proof, tags = dossier.proof(MANIFEST), dossier.stored.tags
    statements: list[Statement] = [
        ("registered version", dossier.version, dossier.proof(SEAL)),
        ("made by run", dossier.stored.run_id, dossier.proof(SEAL)),
        ("digest of the bundle (SHA-256 of its manifest)", tags.get("bundle_digest", "not recorded"), proof),
    ]
    bundle = dossier.bundle
    if bundle is None:
        return _statements("The model", statements) + paragraph("The bundle does not load here: see the checks.")
    horizons = ", ".join(str(days) for days in bundle.protocol.horizons_days)
    statements += [
        ("predicts", f"remission; relapse and sustained remission to day {horizons}", proof),
        ("features", str(len(bundle.features)), proof),
    ]
    for model, records in zip(bundle.models, bundle.records, strict=True):
        for head, record in records.items():
            counts = f"{record.winner or 'no model'}, learned from {record.patients} patients, {record.events} events"
            note = f"; {record.note}" if record.note else ""
            statements.append((f"{model.landmark.name}: {head}", counts + note, proof))
    return _statements("The model", statements)


def _data(dossier: Dossier) -> Markup:
    tags, seal = dossier.stored.tags, dossier.proof(SEAL)
    statements: list[Statement] = [("digest of the cohort", tags.get("cohort_digest", "not recorded"), seal)]
    if dossier.bundle:
        protocol = dossier.bundle.protocol
        statements.append(("protocol", f"{protocol.name}, digest {protocol.digest}", dossier.proof(PROTOCOL)))
    if dossier.evidence:
        cohort, proof = dossier.evidence.cohort, dossier.proof(EVIDENCE)
        drawn = "drawn by a program" if cohort.synthetic else "recorded"
        statements.append(("patients", f"{cohort.patients} at {cohort.sites} sites, {drawn}", proof))
        statements.append(("held out by", dossier.evidence.folds, proof))
    for name, recorded in dossier.stored.landmark_tags.items():
        for key, words in (("outcomes_digest", "outcomes"), ("features_digest", "feature rows")):
            if key in recorded:
                statements.append((f"digest of the {words}, {name}", recorded[key], seal))
    return _statements("The data", statements)


def _flow(dossier: Dossier) -> Markup:
    if dossier.evidence is None:
        return paragraph("No evidence was recorded with this training.")
    proof = dossier.proof(EVIDENCE)
    return Markup().join(
        _statements(f"Patients, {found.name}", [(box.label, str(box.n), proof) for box in found.flow])
        for found in dossier.evidence.landmarks
    )


def _evidence(dossier: Dossier) -> Markup:
    evidence = dossier.evidence
    if evidence is None:
        return paragraph("No evidence was recorded with this training.")
    proof = dossier.proof(EVIDENCE)
    leakage = [
        (f"leakage: {found.name}", f"{found.verdict}: {found.seen_in_full}", proof) for found in evidence.leakage
    ]
    general: list[Statement] = [
        ("intervals", f"95%, {evidence.draws} bootstrap draws over {evidence.resampled}", proof),
        *leakage,
        *((f"caveat {number}", words, proof) for number, words in enumerate(evidence.caveats, start=1)),
    ]
    if evidence.refit_check:
        again = f"{evidence.refit_check.heads} heads fitted twice, "
        again += "the same bytes" if evidence.refit_check.identical else "OTHER bytes"
        general.append(("reproduction within the training", again, proof))
    measures = Markup().join(_measures(found, proof) for found in evidence.landmarks)
    return _statements("Of the whole", general) + measures


def _measures(landmark: LandmarkEvidence, proof: Markup, of: str = "Held-out figures, ") -> Markup:
    statements: list[Statement] = []
    for head in landmark.heads:
        statements += _figures(head.head, head.measures, proof)
        if head.sample_size:
            size = head.sample_size
            words = f"{size.patients} patients for {size.parameters} parameters; required {size.required or 'unknown'}"
            statements.append((f"{head.head}: sample size", words, proof))
    for question in landmark.questions:
        asked = f"{question.head} to day {question.horizon_days}" if question.horizon_days else question.head
        statements.append((asked, _counts(question), proof))
        statements += _figures(asked, question.measures, proof)
    return _statements(f"{of}{landmark.name}", statements)


def _figures(of: str, measures: Mapping[str, Estimate], proof: Markup) -> list[Statement]:
    return [(f"{of}: {measure_title(name)}", interval(found, digits=3), proof) for name, found in measures.items()]


def _counts(question: Question) -> str:
    return f"{question.n} patients with an answer, {question.events} yes; {question.not_observed} not observed"


def _evaluations(dossier: Dossier) -> Markup:
    if not dossier.stored.evaluations:
        return paragraph("No evaluation of this version on another cohort has been recorded.")
    return Markup().join(_evaluation(dossier, found) for found in dossier.stored.evaluations)


def _evaluation(dossier: Dossier, found: StoredEvaluation) -> Markup:
    """An evaluation's main figures, or what is missing of it."""
    caption, content = f"On {found.source}, by run {found.run_id}", _document(found)
    if content is None:
        return _statements(caption, [("evidence", "LOST: the run or its evidence is gone", Markup("nothing"))])
    try:
        evidence = read_evidence(content)
    except ValidationError:
        return _statements(caption, [("evidence", "can't be read", dossier.proof(_name(found)))])
    cohort, proof = evidence.cohort, dossier.proof(_name(found))
    patients = f"{cohort.patients} at {cohort.sites} sites, {'drawn by a program' if cohort.synthetic else 'recorded'}"
    counted = _statements(caption, [("patients", patients, proof), ("digest of the cohort", cohort.digest, proof)])
    return counted + Markup().join(_measures(landmark, proof, f"{found.source}: ") for landmark in evidence.landmarks)


def _document(found: StoredEvaluation) -> bytes | None:
    path = found.stored.artifacts / EVIDENCE if found.stored else None
    return path.read_bytes() if path and path.is_file() else None


def _name(found: StoredEvaluation) -> str:
    return f"evaluation {found.run_id}/{EVIDENCE}"


def _decisions(dossier: Dossier) -> Markup:
    if not dossier.decisions:
        return paragraph("No decision on this version has been recorded: it was never promoted.")
    return Markup().join(_decision(decision) for decision in dossier.decisions)


def _decision(decision: Decision) -> Markup:
    proof = Markup('<a href="#{}">{}</a> <code>{}</code>').format(
        _anchor(decision.key), decision.key, decision.hash[:12]
    )
    statements: list[Statement] = [
        ("decided", f"{decision.action}, {decision.at}, by {decision.by}", proof),
        ("reason", decision.reason, proof),
        ("champion before", decision.previous_champion or "none", proof),
        ("policy", decision.policy_digest or "none", proof),
        ("on the evidence", decision.evidence_digest or "none", proof),
        ("on the seal", decision.seal_digest or "none", proof),
    ]
    for check in decision.checks:
        outcome = "passed" if check.passed else "NOT passed"
        statements.append((check.name, f"{outcome}: required {check.required}; seen {check.seen}", proof))
    return _statements(f"Decision {decision.number}", statements)


def _environment(dossier: Dossier) -> Markup:
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
    return _statements("Code and environment", [(words, value, dossier.proof(SEAL)) for words, value in shown.items()])


def _artifacts(dossier: Dossier) -> Markup:
    rows = [
        (_target(name), Markup("<code>{}</code>").format(digest), _state(dossier, name, digest))
        for name, digest in dossier.artifacts().items()
    ]
    kept = [
        (_target(each.key), Markup("<code>{}</code>").format(each.hash), "kept as a tag of the registered model")
        for each in dossier.decisions
    ]
    words = (
        "SHA-256 of every artifact of the training and its model, as found when this was written. The seal holds a "
        "digest of each of them, and of every parameter, metric and tag of the training and the runs below it."
    )
    return paragraph(words) + table("Artifacts", ("artifact", "SHA-256", "state"), [*rows, *kept])


def _state(dossier: Dossier, name: str, digest: str) -> str:
    if name == SEAL:
        return "the seal; its digest is the tag seal_digest"
    evaluation = next((found.stored for found in dossier.stored.evaluations if _name(found) == name), None)
    document = (evaluation or dossier.stored).sealed
    try:
        sealed = read_seal(document or b"").digests
    except SealRefusedError:
        return "no seal to compare with"
    kept = EVIDENCE if evaluation else name
    agrees = any(item.name == kept and then == digest for item, then in sealed.items())
    return "as sealed" if agrees else "NOT as sealed"


def _target(name: str) -> Markup:
    return Markup('<span id="{}">{}</span>').format(_anchor(name), name)


def _anchor(name: str) -> str:
    return f"artifact-{digest_of(name)[:12]}"

"""The applied model card of the Coalition for Health AI (CHAI) as XML, after its schema v0.2.

Source: coalition-for-health-ai/mc-schema. What only the provider knows is said to be open; the schema has no place for
an empty answer.
"""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from training.documents.chai_metrics import MetricSection, metric_sections
from training.documents.subject import OPEN, SYNTHETIC, DocumentSubject
from training.report.facts import LIMITS_OF_USE, outcome_rules
from training.report.limits import NOT_FOR_WHOM
from training.report.wording import CANDIDATES, in_a_sentence, patients

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
Texts = Mapping[str, "str | Texts"]
"""The elements of a part by name, in the schema's order; a text or a part of its own."""


def chai_card(subject: DocumentSubject) -> bytes:
    """The card; the same record and decisions give the same bytes."""
    card = Element("AppliedModelCard", xmlns=NAMESPACE)
    for name, texts in _parts(subject).items():
        _write(card, name, texts)
    metrics = Element("KeyMetrics")
    for section in metric_sections(subject):
        _write_metric(metrics, section)
    card.insert(list(_parts(subject)).index("Resources"), metrics)
    indent(card, "  ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(card, encoding="utf-8") + b"\n"


def _parts(subject: DocumentSubject) -> Texts:
    return {
        "BasicInfo": {
            "ModelName": subject.dossier.model,
            "ModelDeveloper": f"Authors: {subject.answer('authors')}. Trained by {subject.dossier.author}.",
            "DeveloperContact": f"{OPEN}.",
        },
        "ReleaseInfo": {
            "ReleaseStage": _marked(subject, subject.status),
            "ReleaseDate": subject.dossier.trained_at[:10],
            "ReleaseVersion": f"{subject.dossier.version}, bundle {subject.bundle.digest}",
            "GlobalAvailability": f"Not placed on any market, as far as the record says. {OPEN}.",
            "RegulatoryApproval": f"None is recorded. Not a medical device. {OPEN}.",
        },
        "ModelSummary": {"Summary": _summary(subject), "Keywords": {"Keyword": "clinical prediction model"}},
        "UsesAndDirections": _uses(subject),
        "Warnings": {
            "KnownRisksAndLimitations": _lines([*NOT_FOR_WHOM, *subject.limits, subject.answers.text("limitations")]),
            "KnownBiasesOrEthicalConsiderations": _lines(
                [f"Inequalities: {subject.answer('inequalities')}", f"Ethics: {subject.answer('ethics')}"]
            ),
            "ClinicalRiskLevel": f"No classification is recorded. {OPEN}.",
        },
        "TrustIngredients": {"AISystemFacts": _facts(subject), "TransparencyInformation": _transparency(subject)},
        "Resources": _resources(subject),
        "Bibliography": "TRIPOD+AI: doi:10.1136/bmj-2023-078378. Publications on this model: " + OPEN + ".",
    }


def _marked(subject: DocumentSubject, text: str) -> str:
    return f"{SYNTHETIC} {text}" if subject.synthetic else text


def _lines(texts: list[str]) -> str:
    return "\n".join(text for text in texts if text)


def _summary(subject: DocumentSubject) -> str:
    asked = list(dict.fromkeys(question.name for mark in subject.evidence.landmarks for question in mark.questions))
    moments = in_a_sentence([landmark.name for landmark in subject.evidence.landmarks])
    return _marked(subject, f"Probabilities of {in_a_sentence(asked)}, predicted {moments}. {subject.study.purpose}")


def _uses(subject: DocumentSubject) -> Texts:
    return {
        "IntendedUseAndWorkflow": f"{subject.intended_use} In the workflow: {subject.answer('next_steps')}",
        "PrimaryIntendedUsers": f"Clinicians and researchers who know the study. {subject.answer('user_training')}",
        "HowToUse": f"As one piece of information among others. {LIMITS_OF_USE}",
        "TargetedPatientPopulation": subject.declared("population"),
        "CautionedOutOfScopeSettings": _lines(
            ["Settings other than: " + subject.declared("setting"), *NOT_FOR_WHOM, subject.answers.text("poor_input")]
        ),
    }


def _facts(subject: DocumentSubject) -> Texts:
    rules = outcome_rules(subject.bundle.protocol)
    return {
        "OutcomesAndOutputs": _lines([f"{name}: {rule}" for name, rule in rules.items()]),
        "ModelType": _lines(list(_kinds(subject))),
        "FoundationModels": "None: the model uses no foundation model.",
        "InputDataSource": _marked(
            subject, f"The patient's record. Data of the study: {subject.answer('data_source')}"
        ),
        "OutputAndInputDataTypes": (
            f"Input: {len(subject.bundle.features)} features from structured data: "
            f"{', '.join(subject.bundle.features)}. Output: probabilities with 90% intervals."
        ),
        "DevelopmentDataCharacterization": _development_data(subject),
        "BiasMitigationApproaches": (
            "Performance by groups of patients and by site is evaluated and shown; no resampling or reweighting of "
            f"groups is done. {subject.answer('fairness')}"
        ),
        "OngoingMaintenance": (
            "kap monitor compares the prediction log with the reference of the training (drift, calibration); each new "
            "version and each recalibration needs a promotion decision of its own. Whether it is run, how often and by "
            f"whom: {OPEN}."
        ),
        "Security": (
            "The bundle is data without code, its digest is checked whenever it is loaded, and the record of the "
            f"training is sealed. Security of the installation: {OPEN}."
        ),
        "Transparency": (
            "Each answer names the model, its version and its digest, and is logged; the contributions of the features "
            "are given where the head has them. The report and the dossier of the version hold every figure."
        ),
    }


def _kinds(subject: DocumentSubject) -> Iterator[str]:
    for landmark in subject.evidence.landmarks:
        for head in landmark.heads:
            kind = CANDIDATES.get(head.winner or "", head.winner) or f"no model ({head.note})"
            yield f"{landmark.name}, {head.head}: {kind}"


def _development_data(subject: DocumentSubject) -> str:
    cohort = subject.evidence.cohort
    sites = f"{cohort.sites} site{'' if cohort.sites == 1 else 's'}"
    dates, centres = subject.answer("dates"), subject.answer("setting")
    said = f"{patients(cohort.patients)} at {sites}, cohort digest {cohort.digest}. Dates: {dates}. Setting: {centres}."
    return _marked(subject, said)


def _transparency(subject: DocumentSubject) -> Texts:
    return {
        "FundingSource": subject.answer("funding", "conflicts"),
        "ThirdPartyInformation": "The locked packages are in the CycloneDX bill of materials of this version.",
        "StakeholdersConsulted": subject.answer("patient_involvement"),
    }


def _resources(subject: DocumentSubject) -> Texts:
    evaluations = "; ".join(f"{one.source}, run {one.run_id}" for one in subject.dossier.stored.evaluations)
    return {
        "EvaluationReferences": f"Evaluations on other cohorts: {evaluations or 'none is recorded'}. Evidence: SHA-256 "
        f"{subject.tags.get('evidence_digest', 'not recorded')}.",
        "ClinicalTrial": subject.answer("registration"),
        "PeerReviewedPublications": f"None is recorded. {OPEN}.",
        "ReimbursementStatus": f"None is recorded. {OPEN}.",
        "PatientConsentOrDisclosure": subject.answer("ethics"),
    }


def _write(parent: Element, name: str, texts: "str | Texts") -> None:
    part = SubElement(parent, name)
    if isinstance(texts, str):
        part.text = "".join(
            sign if sign.isprintable() or sign == "\n" else " " for sign in texts
        )  # XML forbids the rest
        return
    for key, value in texts.items():
        _write(part, key, value)


def _write_metric(parent: Element, section: MetricSection) -> None:
    part = SubElement(parent, section.name)
    SubElement(part, "MetricGoal").text = section.goal
    results = SubElement(part, "Results")
    for label, value in section.results:
        result = SubElement(results, "MetricResult")
        SubElement(result, "Label").text = label
        SubElement(result, "ValueJson").text = value
    SubElement(part, "Interpretation").text = section.interpretation
    SubElement(part, "TestType").text = section.test_type
    SubElement(part, "TestingDataDescription").text = section.data
    SubElement(part, "ValidationProcessAndJustification").text = section.process

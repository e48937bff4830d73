"""The change plan of a model: what may be changed within its policy, how a change is checked, and what it may do.

In the manner of FDA's guidance on predetermined change control plans for AI-enabled device software functions (December
2024): description of modifications, modification protocol, impact assessment. It is no plan that an authority has seen.
"""

from collections.abc import Iterator, Mapping

from training.config import DECLARED, TrainingConfig
from training.documents.annex_iv import PRODUCTION, TRAINING
from training.documents.index_table import IndexDocument, IndexPart, IndexPoint, MeetingPlace, guide, index_page, record
from training.documents.subject import OPEN, DocumentSubject
from training.monitoring.statistics.checks import ALARM, HINT
from training.monitoring.verdict import LARGE
from training.registry.artifacts import EVIDENCE
from training.registry.decision_log import CHAMPION
from training.report.wording import percent

PLANNED = ("modification", "what may change", "where it is described", "what may not")
PROTOCOL = ("step", "what is done", "where it is described", "open")
LIMITS = ("setting", "what it limits", "value in force", "where the value is from")
IMPACT = ("effect", "how it is seen", "where it is described", "open")


def change_plan(subject: DocumentSubject) -> bytes:
    """The plan as HTML, with the numbers of the policy in force; the same record gives the same bytes."""
    policy, whose = subject.policy
    decided = (
        f"A change takes effect by a decision: kap promote and kap rollback record it, set the alias {CHAMPION}, and "
        "copy the version into BentoML's store. The service answers with the copy that the store's pointer names. Who "
        "may write there can set alias or pointer without a decision; kap audit verify finds the disagreement. Within "
        "this plan, a promotion or a rollback needs no new plan; any other change does."
    )
    origin = (
        f"The limits are those of {whose}. In the manner of FDA's predetermined change control plans: description of "
        "modifications, modification protocol, impact assessment. No authority has seen or approved this plan."
    )
    parts = (
        IndexPart("Description of modifications", list(_modifications(subject)), PLANNED),
        IndexPart("Modification protocol: the steps", _steps(subject, policy), PROTOCOL),
        IndexPart("Modification protocol: the limits in force", list(_limits(policy)), LIMITS),
        IndexPart("Impact assessment", _impact(), IMPACT),
    )
    return index_page(IndexDocument("Change plan", (decided, origin), parts), subject)


def _settings(subject: DocumentSubject) -> TrainingConfig:
    """The settings that the model was trained with; this installation's defaults for one that it does not record."""
    return TrainingConfig.from_parameters(subject.bundle.training.get("settings", {}))


def _modifications(subject: DocumentSubject) -> Iterator[IndexPoint]:
    chosen = _settings(subject).recalibration
    where = (guide(TRAINING, "External evaluation and updates"),)
    test = f"chosen by a closed test at level {chosen.significance:g} (Vergouwe 2017)"
    same = "Outcomes, landmarks, features, population and intended use stay as they are."
    yield IndexPoint(
        "Recalibration", f"The intercept, or intercept and slope, of a head on another cohort; {test}.", where, same
    )
    refit = f"The coefficients of a head, from {chosen.refit_from} outcomes of either kind on; {test}."
    yield IndexPoint("Refit", refit, where, f"{same} The kind of model becomes logistic regression.")
    trained = "A training by the same protocol on a cohort with further patients."
    yield IndexPoint("New training", trained, (guide(TRAINING, "A training"),), same)
    outside = "A new outcome, landmark, feature, population, intended use or a looser policy."
    yield IndexPoint("Not in this plan", outside, (MeetingPlace("needs a new plan"),), "Everything in this row.")


def _steps(subject: DocumentSubject, policy: Mapping[str, object]) -> list[IndexPoint]:
    alarm, hint = percent(ALARM), percent(HINT)
    return [
        IndexPoint(
            "Data",
            "The cohort is read under the same protocol, checked for plausibility and for leakage, and "
            "named by its digest.",
            (guide(TRAINING, "Plausibility"), guide(TRAINING, "Leakage checks")),
            "Who collects the data, and how.",
        ),
        IndexPoint(
            "Evaluation",
            "Every patient is predicted by a model fitted without the patient; an update is "
            "cross-fitted. The limits below apply to every question at every landmark, and the version must not "
            "be worse than the champion on the same patients.",
            (record("evidence of this version", EVIDENCE), guide(TRAINING, "The evidence")),
            "Evaluation in the clinic before use.",
        ),
        IndexPoint(
            "Decision",
            "kap promote checks the limits and promotes the questions at each landmark that pass; a version of which "
            "none passes is refused. Approvals of others that the policy in force asks for: "
            f"{_value(policy.get('approvals') or 'none')}. An override needs a name and a reason, is recorded with the "
            "unmet checks, and is outside this plan.",
            (guide(TRAINING, "Promotion"), MeetingPlace(subject.status)),
            "Who may decide, and who must approve.",
        ),
        IndexPoint(
            "Release",
            "The decision is recorded first, then the bundle is copied for the service, which "
            "checks it before it answers.",
            (guide(TRAINING, "Promotion"),),
            "Who informs the users, and when.",
        ),
        IndexPoint(
            "Monitoring",
            f"kap monitor compares patients, predictions and outcomes with the training. Over the "
            f"whole life of a version without a change the chance of any alarm is at most {alarm}, of a hint {hint}. "
            f"Large are {LARGE['value']:g} standard deviations, and {percent(LARGE['recorded'])} of patients "
            "recorded or not.",
            (guide(TRAINING, "Monitoring"),),
            "Who runs it, how often, and who acts on it.",
        ),
        IndexPoint(
            "Rollback",
            "kap rollback makes the previous champion champion again; it needs a reason and no evidence.",
            (guide(TRAINING, "Promotion"), guide(PRODUCTION, "When something goes wrong")),
            "Who may decide.",
        ),
    ]


def _limits(policy: Mapping[str, object]) -> Iterator[IndexPoint]:
    """Every setting of the policy, also one that this installation does not declare."""
    declared = {one.name: one for one in DECLARED["policy"]}
    for name, value in policy.items():
        known = declared.get(name)
        meaning = known.meaning if known else "a setting that this installation does not know"
        source = known.source if known else OPEN
        yield IndexPoint(name, meaning, (MeetingPlace(_value(value)),), source)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _impact() -> list[IndexPoint]:
    return [
        IndexPoint(
            "Benefit",
            "Calibration and net benefit of the new version beside those of the champion.",
            (guide(TRAINING, "The evidence"), guide(TRAINING, "Promotion")),
            "The benefit for care was not studied.",
        ),
        IndexPoint(
            "Risk for patients",
            "kap replay counts the logged predictions that would change, and whose prediction would be lost or gained.",
            (guide(TRAINING, "The prediction log"),),
            "What a changed prediction means for care.",
        ),
        IndexPoint(
            "Risk for groups",
            "Calibration of every group and site is in the evidence; the policy limits the worst group.",
            (guide(TRAINING, "The evidence"),),
            "Groups that the cohort does not have.",
        ),
        IndexPoint(
            "Several changes together",
            "Each version names its parent; the checks are made against the evidence "
            "of the version itself, not of its parent.",
            (guide(TRAINING, "External evaluation and updates"),),
            "Limits on how far a series of updates may go.",
        ),
    ]

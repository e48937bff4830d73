"""What a report shows beside the evidence: model, run, environment, intended use, outcome rules and features."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.catalogue import catalogue
from features.protocol.document import Protocol
from features.protocol.study import NEUTRAL_STUDY, StudyDescription
from training.evaluation.case_mix_comparison import CaseMixComparison
from training.evidence.document import Evidence
from training.provenance import EVALUATED_BY, TRAINED_BY
from training.report.study import StudyAnswers

LIMITS_OF_USE = (
    "Clinicians and researchers who know the study may use the probabilities together with everything else they know "
    "about a patient. The probabilities must not be the reason to begin, refuse or end a treatment, or to relax a "
    "safety rule."
)
"""Follows the purpose of the study in every report."""


@dataclass(frozen=True)
class FeatureRow:
    """One line of the feature dictionary. ``expected`` are the signs expected for remission and for relapse."""

    name: str
    unit: str
    range: str
    meaning: str
    expected: str
    source: str


@dataclass(frozen=True)
class ReportFacts:
    """What `Evidence` lacks. ``model_version`` is ``None`` where nothing was registered.

    ``outcomes`` and ``features`` come from `outcome_rules` and `feature_dictionary`. ``written_on`` is a date, the only
    part of a report that depends on time. ``study`` says what the study is about (`Protocol.described`), ``answers``
    what its authors say of it. ``decisions`` and ``evaluations`` are sentences about the version, ``None`` in the
    report that a training writes, before there can be any. ``case_mix`` compares the validation cohort of an external
    evaluation with the development cohort; empty where there is nothing to compare.
    """

    title: str
    model_version: str | None
    run_id: str
    bundle_digest: str
    written_on: str
    seed: int
    provenance: Mapping[str, str]
    settings: Mapping[str, str]
    features: tuple[FeatureRow, ...]
    outcomes: Mapping[str, str]
    study: StudyDescription = NEUTRAL_STUDY
    answers: StudyAnswers = field(default_factory=StudyAnswers)
    case_mix: tuple[CaseMixComparison, ...] = ()
    decisions: tuple[str, ...] | None = None
    evaluations: tuple[str, ...] | None = None

    @property
    def made_by(self) -> str | None:
        """The person who trained, updated or evaluated the model; ``None`` in a record that names none."""
        return self.provenance.get(TRAINED_BY) or self.provenance.get(EVALUATED_BY) or None

    @property
    def intended_use(self) -> str:
        """The purpose of the study, and the limits of every use."""
        return f"{self.study.purpose} {LIMITS_OF_USE}"

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The texts about the study that nobody has declared, so that the report has neutral words for them."""
        neutral = vars(NEUTRAL_STUDY)
        return tuple(name for name, words in vars(self.study).items() if words == neutral[name])


@dataclass(frozen=True)
class ReportContent:
    """Everything that a report shows."""

    evidence: Evidence
    about: ReportFacts


def feature_dictionary(protocol: Protocol) -> tuple[FeatureRow, ...]:
    """The features under a protocol, in the order of a feature row."""
    words = {-1: "less", 0: "open", 1: "more"}
    return tuple(
        FeatureRow(
            name=feature.name,
            unit=feature.unit,
            range=f"{feature.minimum:.15g} to {feature.maximum:.15g}",
            meaning=feature.meaning,
            expected=f"remission {words[feature.remission_sign]}, relapse {words[feature.relapse_sign]}",
            source=feature.source,
        )
        for feature in catalogue(protocol)
    )


def outcome_rules(protocol: Protocol) -> dict[str, str]:
    """The definitions of remission, relapse, sustained remission, its days and competing events, as texts."""
    remission, relapse = protocol.remission, protocol.relapse
    horizons = " or ".join(str(days) for days in protocol.horizons_days)
    return {
        "remission": _remission(protocol)
        if not remission.at_landmark
        else "every patient is in remission at the landmark",
        "relapse": (_by_score(protocol) if relapse.rule == "score" else "") + f"an event: {', '.join(relapse.events)}",
        "sustained remission": f"remission and neither relapse nor a competing event within {horizons} days of it",
        "days": f"counted from {'the landmark' if remission.at_landmark else 'the rating that shows remission'}",
        "competing event": "death or a new treatment before a relapse; loss to follow-up is censoring",
    }


def _remission(protocol: Protocol) -> str:
    rule = protocol.remission
    cuts = ", ".join(f"{name} {protocol.instruments[name].remission_band}" for name in rule.instruments if name)
    anchor = "the last acute dosing session" if rule.anchor == "last_acute_session" else "day 0"
    drop = ", and a reliable drop since baseline" if rule.require_reliable_drop else ""
    first, last = rule.window_days
    return f"the patient's primary scale in the remission band ({cuts}) {first} to {last} days after {anchor}{drop}"


def _by_score(protocol: Protocol) -> str:
    named = (protocol.instruments[name] for name in protocol.remission.instruments)
    cuts = ", ".join(f"{scale.name} {scale.relapse_band}" for scale in named)
    first, last = protocol.relapse.confirm_within_days
    again = f", confirmed {first} to {last} days later" if protocol.relapse.asks_for_confirmation else ""
    return f"the primary scale in the relapse band ({cuts}){again}; or "

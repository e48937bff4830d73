"""What the page says of the model's study: on whom it was fitted, by which protocol, and whether they were made up."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias

from features.protocol.document import Protocol
from features.protocol.study import KAP_STUDY
from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from models.performance import Performance
from models.score import LinearScore
from serving.contract.description import PromotionDescription
from serving.contract.response import AnsweringModel

Centres: TypeAlias = Mapping[str, float]
"""The averages of features among the training patients."""


@dataclass(frozen=True)
class StudyFacts:
    """``patients`` are the numbers of those on whom each head of a landmark was fitted, by landmark and head.

    ``synthetic``: they were made up. ``centres`` are the averages of the features by landmark and head; none of boosted
    trees, which have none. ``features``: how many there are. ``current``: it is the study of the model that answered.
    ``promotion`` is the decision about it, if it is known.
    """

    bundle_digest: str
    protocol: Protocol
    synthetic: bool
    patients: Mapping[str, Mapping[str, int]]
    centres: Mapping[str, Mapping[str, Centres]] = field(default_factory=dict)
    features: int = 0
    performance: Performance | None = None
    current: bool = True
    promotion: PromotionDescription | None = None

    @property
    def fewest_years(self) -> float:
        """The age from which on the model answers."""
        return self.protocol.eligibility.minimum_age

    @property
    def own_purpose(self) -> str | None:
        """The purpose in the English words of a study that is not KAP's; ``None`` for KAP, whose words the page has."""
        purpose = self.protocol.described.purpose
        return None if purpose == KAP_STUDY.purpose else purpose

    @property
    def validated_on_real_patients(self) -> bool:
        """Whether figures for real patients are stored with the model."""
        return self.performance is not None and not all(one.synthetic for one in self.performance.measured)

    def answered(self, model: AnsweringModel) -> bool:
        """Whether it is the model that answered."""
        return model.bundle_digest == self.bundle_digest

    def of_answer(self, model: AnsweringModel) -> Self:
        """The facts for an answer: nothing of the study of another model, which has replaced the one that answered."""
        if self.answered(model):
            return replace(self, synthetic=model.synthetic)
        return replace(
            self,
            synthetic=model.synthetic,
            patients={},
            centres={},
            features=0,
            performance=None,
            current=False,
            promotion=None,
        )


def study_facts(
    bundle: Bundle, performance: Performance | None = None, promotion: PromotionDescription | None = None
) -> StudyFacts:
    """The facts about a bundle's study; ``performance`` and ``promotion`` are what is stored beside it."""
    return StudyFacts(
        bundle_digest=bundle.digest,
        protocol=bundle.protocol,
        synthetic=bundle.training.get("synthetic") is True,
        patients={
            model.landmark.name: {name: record.patients for name, record in records.items()}
            for model, records in zip(bundle.models, bundle.records, strict=True)
        },
        centres={model.landmark.name: _centres(model, bundle.features) for model in bundle.models},
        features=len(bundle.features),
        performance=performance,
        promotion=promotion,
    )


def _centres(model: OutcomeModel, features: tuple[str, ...]) -> Mapping[str, Centres]:
    scores = {"remission": model.remission and model.remission.score, "relapse": model.relapse and model.relapse.score}
    return {
        head: {
            features[column]: centre for column, centre in zip(score.used.tolist(), score.centre.tolist(), strict=True)
        }
        for head, score in scores.items()
        if isinstance(score, LinearScore)
    }

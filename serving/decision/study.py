"""What the page says of the model's study: on whom it was fitted, by which protocol, and whether they were made up."""

from dataclasses import dataclass, replace
from typing import Self

from features.protocol.document import Protocol
from models.bundle import Bundle
from serving.contract.response import AnsweringModel


@dataclass(frozen=True)
class StudyFacts:
    """``patients`` are the numbers of those on whom each head of a landmark was fitted, by landmark and head.

    ``synthetic``: they were made up.
    """

    bundle_digest: str
    protocol: Protocol
    synthetic: bool
    patients: dict[str, dict[str, int]]

    @property
    def fewest_years(self) -> float:
        """The age from which on the model answers."""
        return self.protocol.eligibility.minimum_age

    def answered(self, model: AnsweringModel) -> bool:
        """Whether it is the model that answered."""
        return model.bundle_digest == self.bundle_digest

    def of_answer(self, model: AnsweringModel) -> Self:
        """The facts for an answer: nothing of the study of another model, which has replaced the one that answered."""
        if self.answered(model):
            return replace(self, synthetic=model.synthetic)
        return replace(self, synthetic=model.synthetic, patients={})


def study_facts(bundle: Bundle) -> StudyFacts:
    """The facts about a bundle's study."""
    return StudyFacts(
        bundle_digest=bundle.digest,
        protocol=bundle.protocol,
        synthetic=bundle.training.get("synthetic") is True,
        patients={
            model.landmark.name: {name: record.patients for name, record in records.items()}
            for model, records in zip(bundle.models, bundle.records, strict=True)
        },
    )

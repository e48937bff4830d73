"""What every resource of one answer needs to know: the answer, where it came from, and the names of its entries."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from serving.contract.description import ModelDescription
from serving.contract.response import Document
from serving.fhir.answer.elements import entry_url
from serving.fhir.answer.later_rows import later_parts
from serving.fhir.parts import FhirRecord, UnusedPart


@dataclass(frozen=True, eq=False)
class AnswerContext:
    """One answer (`response.PredictionResponse`) to one record, given at a time.

    ``model`` is ``None`` if another model than the served one has answered, as a repeated request may find.
    """

    answer: Document
    record: FhirRecord
    model: ModelDescription | None
    given_at: datetime
    transparency: bool

    @cached_property
    def later(self) -> list[UnusedPart]:
        """The caller's resources that came after the moment of the prediction."""
        return later_parts(self.answer, self.record)

    @cached_property
    def basis(self) -> list[str]:
        """The references of the resources that the answer rests on."""
        later = {part.expression for part in self.later}
        return [reference for reference, expression in self.record.basis.items() if expression not in later]

    @property
    def instant(self) -> str:
        """When it was given, as a FHIR instant."""
        return self.given_at.isoformat(timespec="milliseconds")

    @property
    def device_url(self) -> str:
        """The entry of the model."""
        return self.url("model")

    @property
    def model_name(self) -> str:
        """The model in words."""
        model = self.answer["model"]
        return f"KAP Outcomes, model version {model['version']} (bundle {model['bundle_digest'][:12]})"

    def url(self, part: str) -> str:
        """The ``fullUrl`` of a part."""
        return entry_url(self.answer["prediction_id"], part)

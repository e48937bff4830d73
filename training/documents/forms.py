"""The documents that can be asked for: their names, titles, endings and writers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from training.documents.ai_logging import ai_logging_table
from training.documents.annex_iv import annex_iv_index
from training.documents.bill_of_materials import bill_of_materials
from training.documents.chai_card import chai_card
from training.documents.change_plan import change_plan
from training.documents.subject import DocumentSubject, gathered_subject


@dataclass(frozen=True)
class DocumentForm:
    """A kind of document; ``ending`` is that of its file, without the dot."""

    title: str
    ending: str
    write: Callable[[DocumentSubject], bytes]


FORMS: Mapping[str, DocumentForm] = {
    "chai": DocumentForm("CHAI applied model card (XML, schema v0.2)", "xml", chai_card),
    "cyclonedx": DocumentForm("CycloneDX 1.6 bill of materials of the model (JSON)", "cdx.json", bill_of_materials),
    "annex-iv": DocumentForm("Index for Annex IV of the EU AI Act (HTML)", "html", annex_iv_index),
    "ai-logging": DocumentForm("Table on AI logging: EU AI Act and ISO/IEC DIS 24970 (HTML)", "html", ai_logging_table),
    "change-plan": DocumentForm("Change plan from the policy in force (HTML)", "html", change_plan),
}
"""Every document by the name that a person asks for."""


def document_of(version: str, form: DocumentForm) -> bytes:
    """The document of a registered version or alias; raises as `gathered_subject`."""
    with gathered_subject(version) as subject:
        return form.write(subject)

"""The decisions on a model as a file, `decisions.json`, and their check from it."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from training.archive.layout import CHAIN, FORMAT
from training.decisions.entry import ChainEntry
from training.decisions.entry_check import Finding
from training.registry.decision_check import check_entries, contradictions
from training.registry.decisions import Decision, Head, read_decisions, verify_chain
from training.registry.recorded_decisions import has_decisions


class ChainDocument(BaseModel):
    """All decisions on a model as they are stored.

    ``entries`` are those of the decision store, signed, with the people who signed; ``tags`` the decisions that an
    earlier version kept in MLflow, if nothing was decided since. ``champion`` is the version that the registry called
    champion. ``heads`` has the hashes that were kept elsewhere, ``findings`` what was wrong with the stored chain when
    the package was written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    format: int = FORMAT
    model: str
    champion: str | None
    entries: tuple[ChainEntry, ...]
    tags: dict[str, str]
    heads: tuple[Head, ...]
    findings: list[str]

    def as_json(self) -> bytes:
        """The document; equal chains give equal bytes."""
        return (self.model_dump_json(indent=1) + "\n").encode()


@dataclass(frozen=True)
class PackagedChain:
    """The decisions in a package, what is wrong with them, and the champion when the package was written."""

    decisions: tuple[Decision, ...]
    champion: str | None
    findings: tuple[Finding, ...]


def read_chain(content: bytes) -> PackagedChain:
    """The decisions of a package, checked again: hashes, links, signatures, approvals."""
    try:
        document = ChainDocument.model_validate_json(content)
    except ValidationError:
        return PackagedChain((), None, (Finding(CHAIN, f"is missing, or not a document of format {FORMAT}"),))
    kept = [Finding("when the package was written", text) for text in document.findings]
    decisions, found = _checked(document)
    return PackagedChain(decisions, document.champion, (*found, *kept))


def _checked(document: ChainDocument) -> tuple[tuple[Decision, ...], list[Finding]]:
    if has_decisions(document.entries):
        checked = check_entries(document.entries, document.champion, document.heads)
        return checked.decisions, [*checked.found, *checked.mirrored]
    if not document.tags and document.champion is None:
        return (), []
    decisions = read_decisions(document.tags)
    return decisions, [*verify_chain(document.tags, document.champion, document.heads), *contradictions(decisions)]

"""The decisions on a model as a file, `decisions.json`, and their check from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from training.archive.layout import CHAIN, FORMAT
from training.decisions.entry_check import Finding
from training.registry.decisions import Decision, Head, read_decisions, verify_chain


class ChainDocument(BaseModel):
    """All decisions on a model as they are stored, by key.

    ``champion`` is the version that the registry called champion. ``heads`` has the hash that was kept with every
    registered version, ``findings`` what was wrong with the stored chain when the package was written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    format: int = FORMAT
    model: str
    champion: str | None
    entries: dict[str, str]
    heads: dict[str, str | None]
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


def chain_document(
    model: str,
    decisions: Sequence[Decision],
    champion: str | None,
    heads: Mapping[str, str | None],
    findings: Sequence[object],
) -> ChainDocument:
    """The document of a chain, as the store's reader returns it."""
    entries = {key: part for decision in decisions for key, part in decision.parts().items()}
    return ChainDocument(
        model=model, champion=champion, entries=entries, heads=dict(heads), findings=[str(each) for each in findings]
    )


def read_chain(content: bytes) -> PackagedChain:
    """The decisions of a package, checked again."""
    try:
        document = ChainDocument.model_validate_json(content)
    except ValidationError:
        return PackagedChain((), None, (Finding(CHAIN, f"is missing, or not a document of format {FORMAT}"),))
    decisions = read_decisions(document.entries)
    heads = [Head(f"version {version}", version, digest, latest=True) for version, digest in document.heads.items()]
    found = verify_chain(document.entries, document.champion, heads) if document.entries or document.champion else []
    kept = [Finding("when the package was written", text) for text in document.findings]
    return PackagedChain(decisions, document.champion, (*found, *kept))

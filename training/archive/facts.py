"""What an audit package says of itself: which version it is about, who exported it, when, with which software."""

from pydantic import BaseModel, ConfigDict, ValidationError

from training.archive.layout import FORMAT

DISTRIBUTION = "kap-outcomes"
"""The name of this software in an installation."""


class PackageFacts(BaseModel):
    """``exported_at`` is UTC. ``same_sources`` says whether the exporting installation has the training's sources."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    format: int = FORMAT
    model: str
    version: str
    run_id: str
    exported_by: str
    exported_at: str
    software_version: str
    commit: str
    same_sources: bool
    licence: str
    with_predictions: bool

    def as_json(self) -> bytes:
        """The document; equal facts give equal bytes."""
        return (self.model_dump_json(indent=1) + "\n").encode()


def read_facts(document: bytes) -> PackageFacts | None:
    """The facts in a document; ``None`` if it has none, or of another format."""
    try:
        found = PackageFacts.model_validate_json(document)
    except ValidationError:
        return None
    return found if found.format == FORMAT else None

"""What an audit package says of itself: which version it is about, who exported it, when, with which software."""

from pydantic import BaseModel, ConfigDict, ValidationError

from training.archive.layout import FORMAT, MANIFEST, SIGNATURE, SIGNER

DISTRIBUTION = "kap-outcomes"
"""The name of this software in an installation."""

_README = f"""# Audit package of version {{facts.version}} of {{facts.model}}

The record of a trained model, exported by {{facts.exported_by}} at {{facts.exported_at}} with {DISTRIBUTION}
{{facts.software_version}}. `ro-crate-metadata.json` describes every file (Workflow Run RO-Crate 0.5).

Check the files without this software: `sha256sum --check {MANIFEST}`.
Check a signature, if there is one:
`openssl pkeyutl -verify -pubin -inkey {SIGNER} -rawin -in {MANIFEST} -sigfile {SIGNATURE}`.
Whether {SIGNER} is the key of that person, you must know from that person.

Check the whole record, without the stores that it comes from: `kap audit verify FILE.zip`; with the cohort, which is
not in the package, `--data DIR` also trains again and compares byte for byte.
"""


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

    def as_readme(self) -> bytes:
        """A text for who opens the package: what it is, and how it is checked."""
        return _README.format(facts=self).encode()

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

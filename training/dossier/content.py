"""What a dossier is made of: the record of a version, its statements, and the artifacts behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.bundle import Bundle
from training.evidence.document import Evidence
from training.provenance import TRAINED_BY
from training.registry.artifacts import EVIDENCE
from training.registry.decisions import Decision
from training.registry.names import MODEL_NAME
from training.registry.seal import SEAL, digest_of
from training.registry.stored_training import StoredEvaluation, StoredTraining
from training.verdicts import Verdict

MANIFEST = "artifacts/bundle/manifest.json"


@dataclass(frozen=True)
class Artifact:
    """The source of a statement, with its SHA-256; ``None`` if it was not recorded."""

    name: str
    digest: str | None

    @property
    def anchor(self) -> str:
        """Its place in the list at the end."""
        return f"artifact-{digest_of(self.name)[:12]}"


Statement = tuple[str, str, Artifact | None]
"""A statement, its value, and its source, if any."""


@dataclass(frozen=True)
class Statements:
    """A table of statements."""

    caption: str
    rows: Sequence[Statement]


@dataclass(frozen=True, eq=False)
class Dossier:
    """The content of a dossier; ``written_on`` is a date, ``trained_at`` the time (UTC) at which the training began.

    ``decisions`` are those about the version, ``succession`` those that made any version of the model champion.
    """

    version: str
    stored: StoredTraining
    bundle: Bundle | None
    evidence: Evidence | None
    decisions: tuple[Decision, ...]
    verdicts: tuple[Verdict, ...]
    written_on: str
    model: str = MODEL_NAME
    trained_at: str = ""
    succession: tuple[Decision, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether the model was fitted on a synthetic cohort; also if the record does not say."""
        return self.stored.tags.get("synthetic") != "false"

    @property
    def author(self) -> str:
        """Who trained the model, as the run says."""
        tags = self.stored.tags
        return tags.get(TRAINED_BY) or tags.get("mlflow.user") or "author not recorded"

    def source(self, name: str) -> Artifact:
        """An artifact of the list at the end."""
        return Artifact(name, self.artifacts().get(name))

    def artifacts(self) -> dict[str, str]:
        """SHA-256, as it is now, of the training's own artifacts, its seal and its model's files, by path."""
        stored = self.stored
        model = [key for key in stored.record.owners if key.startswith("m-")]
        digests = {
            item.name: digest
            for owner in (stored.run_id, *model)
            for item, digest in sorted(stored.record.digests.items())
            if item.owner == owner and item.kind == "artifact"
        }
        digests |= {SEAL: digest_of(stored.sealed)} if stored.sealed else {}
        documents = {evaluation_name(found): evaluation_document(found) for found in stored.evaluations}
        return digests | {name: digest_of(content) for name, content in documents.items() if content}


def evaluation_document(found: StoredEvaluation) -> bytes | None:
    """The evidence of an evaluation as it is stored; ``None`` if it is lost."""
    path: Path | None = found.stored.artifacts / EVIDENCE if found.stored else None
    return path.read_bytes() if path and path.is_file() else None


def evaluation_name(found: StoredEvaluation) -> str:
    """The name of an evaluation's evidence in the list of artifacts."""
    return f"evaluation {found.run_id}/{EVIDENCE}"

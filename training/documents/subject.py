"""What a document is about: a registered version whose record is as it was sealed, with its study and decisions.

A document states what the record holds. What only people know comes from ``study.toml`` or the protocol, or is said to
be open.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from features.protocol.problems import InputRefusedError, Problem
from features.protocol.shortening import listed
from features.protocol.study import NEUTRAL_STUDY, StudyDescription
from models.bundle import Bundle
from training.cohort.file_names import STUDY_FILE
from training.dossier.content import Artifact, Dossier
from training.dossier.cover import intended_use, policy_in_force
from training.dossier.page import gathered_dossier
from training.dossier.status import status
from training.evidence.document import Evidence
from training.failures import EvidenceFailedError
from training.report.authors.reader import parse_study
from training.report.limits import limits
from training.report.study import StudyAnswers

OPEN = "OPEN: to be answered by the provider"
"""How a document says that nobody has answered yet."""
SYNTHETIC = (
    "SYNTHETIC: the model was fitted on a synthetic cohort, drawn by a program. It is no evidence about real patients."
)
ON_THE_PRESENT_CODE = ("code", "environment", "served")
"""Checks about this installation, not about the record; a document does not depend on them."""


@dataclass(frozen=True, eq=False)
class DocumentSubject:
    """A version with everything that a document states of it; ``answers`` are those of ``study.toml``."""

    dossier: Dossier
    bundle: Bundle
    evidence: Evidence
    answers: StudyAnswers

    @property
    def name(self) -> str:
        """The model and version."""
        return f"{self.dossier.model} version {self.dossier.version}"

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the training's run."""
        return self.dossier.stored.tags

    @property
    def study(self) -> StudyDescription:
        """What the study is about, in the protocol's words or neutral ones."""
        return self.bundle.protocol.described

    @property
    def synthetic(self) -> bool:
        """Whether the model was fitted on a synthetic cohort."""
        return self.dossier.synthetic or self.evidence.model_synthetic

    @property
    def status(self) -> str:
        """The status of the version in one sentence."""
        return status(self.dossier.version, self.dossier.succession, self.dossier.decisions)

    @property
    def intended_use(self) -> str:
        """The purpose of the study, and the limits of every use."""
        return intended_use(self.dossier)

    @property
    def limits(self) -> list[str]:
        """What the evidence says against the model."""
        return list(limits(self.evidence))

    @property
    def policy(self) -> tuple[Mapping[str, object], str]:
        """The policy in force, and whose it is."""
        return policy_in_force(self.dossier)

    def answer(self, *keys: str) -> str:
        """The authors' answers to the keys of ``study.toml``, or that they are open."""
        given = [text for key in keys if (text := self.answers.text(key))]
        return " ".join(given) if given else OPEN

    def declared(self, name: str) -> str:
        """A text of the protocol's ``[study]``, or that nobody has declared it."""
        return getattr(self.study, name) if name not in self.undeclared else f"{OPEN} ([study] {name} in protocol.toml)"

    @property
    def undeclared(self) -> list[str]:
        """The texts of ``[study]`` for which the protocol has neutral words only."""
        return [name for name, words in vars(self.study).items() if words == getattr(NEUTRAL_STUDY, name)]

    def source(self, name: str) -> Artifact:
        """An artifact of the record with its digest."""
        return self.dossier.source(name)


@contextmanager
def gathered_subject(version: str) -> Iterator[DocumentSubject]:
    """The subject of a registered version or alias, as long as its files are needed.

    Raises ``InputRefusedError`` where there is no such version or no evidence, and ``EvidenceFailedError`` if a check
    of the record or of the decisions failed.
    """
    with gathered_dossier(version) as dossier:
        yield subject_of(dossier)


def subject_of(dossier: Dossier) -> DocumentSubject:
    """The subject of a dossier; raises as `gathered_subject`."""
    failed = [
        f"{each.check}: {each.detail}"
        for each in dossier.verdicts
        if each.outcome == "failed" and each.check not in ON_THE_PRESENT_CODE
    ]
    if failed:
        raise EvidenceFailedError(f"no document of a record that fails its checks; {listed(failed)}")
    if dossier.bundle is None or dossier.evidence is None:
        found = "no bundle that loads" if dossier.bundle is None else "a training without evidence"
        raise InputRefusedError([Problem("audit", None, None, "a version with a bundle and evidence", found)])
    return DocumentSubject(dossier, dossier.bundle, dossier.evidence, _answers(dossier))


def _answers(dossier: Dossier) -> StudyAnswers:
    path = dossier.stored.artifacts / STUDY_FILE
    return parse_study(path.read_text(encoding="utf-8")) if path.is_file() else StudyAnswers()

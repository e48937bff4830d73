"""What only the authors of a study can say, as `training.report.authors` read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OPEN = "to be answered by the authors"
"""How a report shows what nobody has answered yet."""


@dataclass(frozen=True)
class AuthorsReply:
    """The authors' reply to a signalling question of PROBAST+AI, with its reason."""

    reply: str
    reason: str


@dataclass(frozen=True)
class StudyAnswers:
    """The authors' answers by key, and their replies by the key of the signalling question.

    ``document`` is the text of ``study.toml`` and ``digest`` its SHA-256, ``None`` if there is no file. ``later`` says
    that the file was given for this report, and is not recorded with the training.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    replies: Mapping[str, AuthorsReply] = field(default_factory=dict)
    digest: str | None = None
    later: bool = False
    document: str = field(default="", repr=False)

    def text(self, key: str) -> str:
        """The answer of a key; empty if it is open."""
        return self.texts.get(key, "")

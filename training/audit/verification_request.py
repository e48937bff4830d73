"""What the record of a training is checked against."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class VerificationRequest:
    """What a record is checked against.

    ``data`` is the folder of its cohort, with which ``workers`` processes retrain. ``every_file`` reads every artifact
    behind a server, one request each, and not the sealed archive. ``service`` is the address of a running service,
    which is asked for its model.
    """

    data: Path | None = None
    workers: int = 1
    every_file: bool = False
    service: str | None = None

"""Failures that are not a user's mistake, by who must act; without heavy imports."""

from collections.abc import Sequence


class StoreUnreachableError(Exception):
    """The tracking store does not answer."""


class ClusterFailedError(Exception):
    """A cluster that was to run jobs does not answer, has other software, or loses its workers."""


class EvidenceFailedError(Exception):
    """The evidence about a model does not hold; the message is for those responsible for the model."""


class ChainBrokenError(Exception):
    """The kept decisions were changed, or one was lost; ``findings`` are texts that say where."""

    def __init__(self, findings: Sequence[object]) -> None:
        """Keep what was found."""
        self.findings = tuple(map(str, findings))
        super().__init__("; ".join(self.findings))

"""Failures that are not a user's mistake, by who must act; free of heavy imports."""


class StoreUnreachableError(Exception):
    """The tracking store does not answer."""


class EvidenceFailedError(Exception):
    """What should prove a model does not hold; the message tells whoever answers for the model."""

"""Failures that are not a user's mistake, by who must act; without heavy imports."""


class StoreUnreachableError(Exception):
    """The tracking store does not answer."""


class EvidenceFailedError(Exception):
    """The evidence about a model does not hold; the message is for those responsible for the model."""

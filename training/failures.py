"""Failures of what stands around a training, which whoever runs the stores must mend; free of heavy imports."""


class StoreUnreachableError(Exception):
    """The tracking store does not answer."""

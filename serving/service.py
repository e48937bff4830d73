"""The address for BentoML: ``bentoml serve serving.service:KapOutcomes``."""

from serving.server.service import KapOutcomes

__all__ = ["KapOutcomes"]

"""One requirement of the promotion policy as a decision keeps it: what was asked and seen, and whom it concerns."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from models.promotion import Granted, Tier, at_least


class PolicyCheck(BaseModel):
    """One requirement of the promotion policy, and the finding.

    ``tier`` is the lowest that needs it. ``not_met`` has the questions that fail it, and ``not_assessed`` those on
    which the evidence can't say anything, by landmark; a failed check without ``not_met`` is about every question.
    ``assessed`` is false if the evidence can't say anything at all. Checks of earlier versions lack these fields.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    name: str
    passed: bool
    required: str
    seen: str
    tier: Tier | None = None
    assessed: bool | None = None
    not_met: dict[str, tuple[str, ...]] | None = None
    not_assessed: dict[str, tuple[str, ...]] | None = None

    @property
    def verdict(self) -> Literal["passed", "FAILED", "not assessed"]:
        """The verdict as a word."""
        return "passed" if self.passed else "not assessed" if self.assessed is False else "FAILED"

    def blocks(self, landmark: str, question: str) -> bool:
        """Whether a question at a landmark does not meet it, or was not assessed."""
        if question in (self.not_assessed or {}).get(landmark, ()):
            return True
        if self.passed or self.assessed is False:
            return False
        return self.not_met is None or question in self.not_met.get(landmark, ())

    @model_serializer(mode="wrap")
    def _without_unknown(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Decisions of earlier versions keep their hash: what they lack is left out."""
        return {key: value for key, value in write(self).items() if value is not None}


def grants_not_allowed(granted: Granted, checks: Sequence[PolicyCheck], kept: Granted) -> list[str]:
    """What a promotion grants although its own checks do not allow it, such as "before session 1, remission (clinic)".

    ``kept`` is what an earlier promotion of the same version granted, which stays.
    """
    return [
        f"{landmark}, {name} ({tier})"
        for landmark, tiers in granted.items()
        for name, tier in tiers.items()
        if not at_least(kept.get(landmark, {}).get(name), tier)
        and any(at_least(tier, check.tier) and check.blocks(landmark, name) for check in checks)
    ]

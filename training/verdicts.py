"""The result of each check of an audit, and the exit code that follows from all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from features.protocol.shortening import listed

Outcome = Literal["passed", "failed", "not checked", "does not apply"]
ALL_PASSED, SOME_FAILED, SOME_NOT_CHECKED = 0, 4, 5


@dataclass(frozen=True)
class Verdict:
    """One check; ``detail`` is the result in one line, ``findings`` is everything that is wrong."""

    check: str
    outcome: Outcome
    detail: str
    findings: tuple[str, ...] = ()


def passed(check: str, detail: str) -> Verdict:
    """A check that passed."""
    return Verdict(check, "passed", detail)


def failed(check: str, detail: str) -> Verdict:
    """A check that failed."""
    return Verdict(check, "failed", detail)


def not_checked(check: str, detail: str) -> Verdict:
    """The check could not be made; ``detail`` says why."""
    return Verdict(check, "not checked", detail)


def does_not_apply(check: str, detail: str) -> Verdict:
    """There is nothing to check; ``detail`` says why."""
    return Verdict(check, "does not apply", detail)


def verdict_of(check: str, findings: Sequence[str], detail: str) -> Verdict:
    """Failed with the findings, or passed with ``detail`` if there are none."""
    return Verdict(check, "failed", listed(findings), tuple(findings)) if findings else passed(check, detail)


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """0 if all checks that apply passed, 4 if any failed, 5 if none failed and some were not made."""
    outcomes = {verdict.outcome for verdict in verdicts}
    if "failed" in outcomes:
        return SOME_FAILED
    return SOME_NOT_CHECKED if "not checked" in outcomes else ALL_PASSED

"""The acknowledgement of a failed leakage check: which ones are accepted, and their effect.

The report, the policy and `kap history` show it.
"""

from collections.abc import Sequence

from features.protocol.problems import InputRefusedError, Problem
from training.evidence.document import Acknowledgement, LeakageCheck
from training.reasons import require_reason
from training.registry.decisions import PolicyCheck

ACKNOWLEDGEABLE = ("duplicated patients", "future perturbation", "implausible features", "shuffled outcomes")
"""The checks that can be acknowledged. The positive control can't: if it fails, the other checks show nothing."""

ACKNOWLEDGED = "acknowledged: "
"""Prefix of the promotion check that shows an acknowledged leakage check."""


def acknowledgements(
    checks: Sequence[str], by: str | None, reason: str | None, command: str
) -> tuple[Acknowledgement, ...]:
    """The acknowledgements of a command's options; names may have hyphens.

    Raises ``InputRefusedError`` for an unknown check, for one that can't be acknowledged, and without a name or reason.
    """
    if not checks:
        if reason is not None:
            required = "--acknowledge CHECK with this option"
            raise InputRefusedError([Problem(command, None, "--reason", required, "none")])
        return ()
    names = [name.replace("-", " ").strip().lower() for name in checks]
    problems = [
        Problem(command, None, "--acknowledge", f"one of {', '.join(ACKNOWLEDGEABLE)}", _kind(name))
        for name in names
        if name not in ACKNOWLEDGEABLE
    ]
    if not (by or "").strip():
        problems.append(Problem(command, None, "--by", "the name of who is responsible", "no name"))
    if reason is None:
        problems.append(Problem(command, None, "--reason", "why this is no leak", "no text"))
    if problems:
        raise InputRefusedError(problems)
    require_reason(command, reason or "", by)
    return tuple(
        Acknowledgement(check=name, by=(by or "").strip(), reason=(reason or "").strip())
        for name in dict.fromkeys(names)
    )


def acknowledged(check: LeakageCheck, answered: Sequence[Acknowledgement]) -> LeakageCheck:
    """The check with its acknowledgement, if it failed and can be acknowledged; otherwise unchanged."""
    if check.passed or not check.acknowledgeable:
        return check
    found = next((each for each in answered if each.check == check.name), None)
    return check.model_copy(update={"acknowledged": found})


def requirements(checks: Sequence[LeakageCheck]) -> list[PolicyCheck]:
    """A passed requirement for every acknowledged check, so that a promotion shows it."""
    required = "a failed leakage check is acknowledged, with a name and a reason"
    answered = [check.acknowledged for check in checks if check.acknowledged is not None]
    return [
        PolicyCheck(name=f"{ACKNOWLEDGED}{each.check}", passed=True, required=required, seen=each.as_text())
        for each in answered
    ]


def _kind(name: str) -> str:
    return "the positive control, which can't be acknowledged" if name == "positive control" else "another name"

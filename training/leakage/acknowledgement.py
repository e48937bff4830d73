"""Somebody answers for training on although a leakage check failed: what is accepted, and what it changes.

Where an acknowledgement is shown is left to the report, the policy and `kap history`.
"""

from collections.abc import Sequence

from features.protocol.problems import InputRefusedError, Problem
from training.evidence.document import Acknowledgement, LeakageCheck
from training.reasons import require_reason
from training.registry.decisions import PolicyCheck

ACKNOWLEDGEABLE = ("duplicated patients", "future perturbation", "implausible features", "shuffled outcomes")
"""The checks that somebody can answer for. A positive control that goes unnoticed says that the checks do not work,
and nobody can answer for what they then let through."""

ACKNOWLEDGED = "acknowledged: "
"""How the name of a promotion's requirement begins that stands for a failed check which somebody answers for."""


def acknowledgements(
    checks: Sequence[str], by: str | None, reason: str | None, command: str
) -> tuple[Acknowledgement, ...]:
    """What a command was told to acknowledge; names may be written with hyphens.

    Raises ``InputRefusedError`` for a check that does not exist or can't be acknowledged, and unless both who and why
    are given.
    """
    if not checks:
        given = [option for option, value in (("--by", by), ("--reason", reason)) if value is not None]
        required = "--acknowledge with the name of a leakage check beside it"
        if given:
            raise InputRefusedError([Problem(command, None, option, required, "none") for option in given])
        return ()
    names = [name.replace("-", " ").strip().lower() for name in checks]
    problems = [
        Problem(command, None, "--acknowledge", f"one of {', '.join(ACKNOWLEDGEABLE)}", _kind(name))
        for name in names
        if name not in ACKNOWLEDGEABLE
    ]
    if not (by or "").strip():
        problems.append(Problem(command, None, "--by", "who answers for it", "nobody"))
    if reason is None:
        problems.append(Problem(command, None, "--reason", "why this is no leak", "nothing"))
    if problems:
        raise InputRefusedError(problems)
    require_reason(command, reason or "", by)
    return tuple(
        Acknowledgement(check=name, by=(by or "").strip(), reason=(reason or "").strip())
        for name in dict.fromkeys(names)
    )


def acknowledged(check: LeakageCheck, answered: Sequence[Acknowledgement]) -> LeakageCheck:
    """The check with who answers for it, if it failed and can be answered for; otherwise as it is."""
    if check.passed or not check.acknowledgeable:
        return check
    found = next((each for each in answered if each.check == check.name), None)
    return check.model_copy(update={"acknowledged": found})


def requirements(checks: Sequence[LeakageCheck]) -> list[PolicyCheck]:
    """A requirement of its own, met, for every failed check that somebody answers for, so that a promotion shows it."""
    required = "a failed leakage check has somebody who answers for it, with a reason"
    answered = [check.acknowledged for check in checks if check.acknowledged is not None]
    return [
        PolicyCheck(name=f"{ACKNOWLEDGED}{each.check}", passed=True, required=required, seen=each.as_text())
        for each in answered
    ]


def _kind(name: str) -> str:
    return "the positive control, which nobody can answer for" if name == "positive control" else "another name"

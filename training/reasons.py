"""Reason and author of a decision: one line each, which every store can keep unchanged."""

from unicodedata import category

from features.protocol.problems import InputRefusedError, Problem

LONGEST_REASON, LONGEST_NAME = 1000, 100
"""Characters; MLflow's shortest place for a reason, a version's description, holds 5,000 in some databases."""


def require_reason(command: str, reason: str, by: str | None = None) -> None:
    """Raise ``InputRefusedError`` unless a reason is given, and every store can keep it and the name unchanged."""
    problems = []
    if not _is_line(reason, LONGEST_REASON) or not reason.strip():
        required = f"the reason, in one line of at most {LONGEST_REASON:,} characters"
        problems.append(Problem(command, None, "--reason", required, _kind(reason)))
    if by is not None and not _is_line(by, LONGEST_NAME):
        required = f"the name of who decides, in one line of at most {LONGEST_NAME:,} characters"
        problems.append(Problem(command, None, "--by", required, _kind(by)))
    if problems:
        raise InputRefusedError(problems)


def _is_line(text: str, longest: int) -> bool:
    """Whether the text has neither control characters, which tables and databases refuse, nor invalid bytes."""
    return len(text) <= longest and not any(category(character) in ("Cc", "Cs") for character in text)


def _kind(text: str) -> str:
    if not text.strip():
        return "no text"
    return f"{len(text):,} characters" if text.isprintable() else "several lines or control characters"

"""What people give as the reason of a decision, and as their name: a line each, which every store keeps as it is."""

from unicodedata import category

from features.protocol.problems import InputRefusedError, Problem

LONGEST_REASON, LONGEST_NAME = 1000, 100
"""Characters; MLflow's shortest place for a reason, a version's description, holds 5,000 in some databases."""


def require_reason(command: str, reason: str, by: str | None = None) -> None:
    """Raise ``InputRefusedError`` unless a reason is given, and it and the name can be kept as they are."""
    problems = []
    if not _is_line(reason, LONGEST_REASON) or not reason.strip():
        required = f"why this is decided, in one line of at most {LONGEST_REASON:,} characters"
        problems.append(Problem(command, None, "--reason", required, _kind(reason)))
    if by is not None and not _is_line(by, LONGEST_NAME):
        required = f"who decides, in one line of at most {LONGEST_NAME:,} characters"
        problems.append(Problem(command, None, "--by", required, _kind(by)))
    if problems:
        raise InputRefusedError(problems)


def _is_line(text: str, longest: int) -> bool:
    """Neither control characters, which tables and databases refuse, nor bytes that are no text."""
    return len(text) <= longest and not any(category(character) in ("Cc", "Cs") for character in text)


def _kind(text: str) -> str:
    if not text.strip():
        return "nothing"
    return f"{len(text):,} characters" if text.isprintable() else "several lines, or something that is no text"

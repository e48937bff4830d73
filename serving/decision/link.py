"""The address of a launch's page: its token and its language, and nothing of the patient."""

from serving.contract.routes import DECIDE

LAUNCH, LANGUAGE = "launch", "lang"
"""Parameters of the address."""


def launch_path(token: str, language: str | None = None) -> str:
    """The path of the page of a launch, in the language of its reader unless one is given."""
    return f"{DECIDE}?{LAUNCH}={token}" + (f"&{LANGUAGE}={language}" if language else "")

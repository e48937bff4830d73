"""The address of a launch's page: its token and its language, and nothing of the patient."""

from serving.contract.routes import DECIDE

LAUNCH, LANGUAGE = "launch", "lang"
"""Parameters of the address."""


def launch_path(token: str) -> str:
    """The path of the page of a launch, in the language of its reader."""
    return DECIDE + launch_query(token)


def launch_query(token: str, language: str | None = None) -> str:
    """The query alone: an address from the page itself, at whatever path a proxy shows it; in a language, if given."""
    return f"?{LAUNCH}={token}" + (f"&{LANGUAGE}={language}" if language else "")

"""What a tracking store answered, in one line that says what to do: a refusal of MLflow as a sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import mlflow
from mlflow.exceptions import MlflowException

from training.failures import StoreUnreachableError

NOT_JSON = "not in a valid JSON format"
"""MLflow's words for a page that is no answer of MLflow."""

_OF_FILE = re.compile(r"\b([45]\d\d) (?:Client|Server) Error")
"""How requests names a status within MLflow's list of files that could not be uploaded."""


def shown_address(store: str) -> str:
    """The address of a store without user and password."""
    parts = urlsplit(store)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if "@" in parts.netloc else store
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def status_of_answer(error: Exception) -> int:
    """The HTTP status of a failed request to a server; 0 where there was no answer."""
    behind: BaseException | None = error
    while behind is not None:
        response = getattr(behind, "response", None)  # of requests, which MLflow uses for artifacts
        if response is not None:
            return int(response.status_code)
        behind = behind.__cause__ or behind.__context__
    if not isinstance(error, MlflowException):
        return 0
    if NOT_JSON in str(error):
        return 404
    of_file = _OF_FILE.search(str(error))
    if of_file:
        return int(of_file[1])
    status = int(error.get_http_status_code())
    return 0 if status == 500 and "error code 500" not in str(error) else status


@contextmanager
def asking(wanted: str) -> Iterator[None]:
    """Failures of the store within the block are said as what could not be done; ``wanted`` as `unreachable` has it."""
    try:
        yield
    except (MlflowException, OSError) as error:
        raise unreachable(error, wanted) from None


def unreachable(error: Exception, wanted: str = "") -> StoreUnreachableError:
    """The failure of a request as one line with its remedy; ``wanted`` is what was asked for ("create a run")."""
    store = str(mlflow.get_tracking_uri())
    if not store.startswith(("http://", "https://")):
        return StoreUnreachableError(_of_database(store, error, wanted))
    address = shown_address(store)
    said = {
        401: f"{address} asks for a user and does not accept the one given (401): "
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        403: f"{address} does not allow this user to {wanted or 'do this'} (403): "
        "ask those who run the server for that right",
        404: f"there is no MLflow at {address} (404): correct MLFLOW_TRACKING_URI",
    }
    status = status_of_answer(error)
    if status in said:
        return StoreUnreachableError(said[status])
    what = f" when asked to {wanted}" if wanted else ""
    if status >= 500:
        return StoreUnreachableError(f"{address} failed{what} ({status}): see its log, or try again later")
    if status >= 400 and isinstance(error, MlflowException):
        return StoreUnreachableError(f"{address} refused{what}: MLflow answered {error.error_code}")
    return StoreUnreachableError(
        f"the tracking store does not answer{what}: is MLFLOW_TRACKING_URI right, and its server running?"
    )


def _of_database(store: str, error: Exception, wanted: str) -> str:
    what = f"{shown_address(store)} does not let this user {wanted}" if wanted else "the tracking store does not answer"
    reasons = {
        "readonly database": "its file or folder may not be written to",
        "database is locked": "another program keeps it locked; try again when that has ended",
        "disk is full": "the disk is full",
        "No space left": "the disk is full",
        "Permission denied": "its files may not be written to",
    }
    found = [remedy for words, remedy in reasons.items() if words in str(error)]
    return f"{what}: {found[0] if found else 'is MLFLOW_TRACKING_URI right, and its server running?'}"

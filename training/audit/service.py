"""Which model a running service answers with, asked at its address, and whether it is the champion."""

import os
from collections.abc import Sequence
from typing import Any

import httpx

from features.protocol.problems import InputRefusedError, Problem
from training.failures import StoreUnreachableError
from training.registry.decisions import Decision
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict, passed, verdict_of

KEY = "KAP_KEY"
"""The setting that holds the API key, as for the client of the service."""
SECONDS = 10.0


def served_model(address: str) -> dict[str, Any]:
    """The description of the model at an address, by ``GET /v1/model``.

    Raises ``InputRefusedError`` for an address of no such service or a missing key, ``StoreUnreachableError`` if
    nothing answers.
    """
    key = os.environ.get(KEY)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        reply = httpx.get(f"{address.rstrip('/')}/v1/model", headers=headers, timeout=SECONDS)
    except httpx.InvalidURL:
        raise _refused("an address such as https://kap.example.org", "another text") from None
    except httpx.HTTPError:
        raise StoreUnreachableError(f"the service at {address} does not answer: is it running?") from None
    if reply.status_code in (401, 403):
        raise _refused(f"an API key of the scope read in {KEY}", f"answer {reply.status_code}")
    try:
        found = reply.json() if reply.status_code == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"version", "bundle_digest", "run_id"} <= found.keys():
        raise _refused("the address of a service of this project", f"answer {reply.status_code} of another kind")
    return found


def service_verdict(
    found: dict[str, Any], stored: StoredTraining, champion: str | None, decisions: Sequence[Decision]
) -> Verdict:
    """Whether a service, described by ``found``, answers with the champion; for another version, who answers."""
    answers = f"it answers with version {found['version']}, bundle {str(found['bundle_digest'])[:12]}"
    mine = champion in {version.number for version in stored.versions}
    if not mine:
        wrong = [f"{answers}, which is this one, and it is not champion"] if found["run_id"] == stored.run_id else []
        return verdict_of(
            "service", wrong, f"{answers}; the champion is {f'version {champion}' if champion else 'none'}"
        )
    expected = {"version": champion, "run_id": stored.run_id, "bundle_digest": stored.tags.get("bundle_digest")}
    wrong = [f"{answers}: its {key} is not the champion's" for key, value in expected.items() if found[key] != value]
    last = next((each for each in reversed(decisions) if each.changes_champion), None)
    promotion = found.get("promotion")
    said = promotion.get("decision") if isinstance(promotion, dict) else None
    if last is not None and last.granted is not None and said != last.number:
        wrong.append(f"it was promoted by decision {said or 'unknown'}, the champion by decision {last.number}")
    return verdict_of("service", wrong, answers) if wrong else passed("service", f"{answers}, the champion")


def _refused(required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("audit", None, "--service", required, found)])

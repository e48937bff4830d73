"""Decisions of versions before 0.10, as MLflow keeps them: a tag of the registered model each, and a document in a run.

They are read until they are taken over into the decision store. The tag holds the document's hash, which shows that a
document was changed or lost. Still earlier decisions hold their document in the tags themselves (`decisions`).
"""

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from training.decisions.entry_check import Finding
from training.registry.decisions import Decision, read_decision
from training.registry.names import MODEL_NAME_TAG

DOCUMENT = "decision.json"
EXPERIMENT = "decisions"
FINISHED = "FINISHED"
"""Status of the run of a decision that was recorded."""
_ENTRY = re.compile(r".+, hash (?P<hash>[0-9a-f]{64}), document in run (?P<run>[0-9a-f]{32})")


@dataclass(frozen=True)
class StoredEntries:
    """The stored parts of decisions as `decisions` reads them, and what is wrong with tags and documents."""

    parts: Mapping[str, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class DecisionDocuments:
    """The documents of the decisions on a registered model, in the experiment NAME/decisions."""

    client: MlflowClient
    model: str

    def read(self, tags: Mapping[str, str]) -> StoredEntries:
        """The decisions of tags, with their documents; tags of earlier versions are taken as they are."""
        named = {key: entry for key, text in tags.items() if (entry := _ENTRY.fullmatch(text))}
        runs = self._runs()
        parts = {key: text for key, text in tags.items() if key not in named}
        findings: list[Finding] = []
        for key, entry in named.items():
            decision, wrong = self._decision(key, tags[key], runs.get(entry["run"]))
            findings += wrong
            own = {key: tags[key]} if decision is None else decision.parts()
            findings += [Finding(name, "is no part of this decision") for name in own if name != key and name in tags]
            parts |= own
        findings += _lost({entry["run"] for entry in named.values()}, runs.values())
        return StoredEntries(parts, tuple(findings))

    def _decision(self, key: str, tag: str, run: Run | None) -> tuple[Decision | None, list[Finding]]:
        """The decision that a tag names, if its document can be read, and what is wrong with tag, run or document."""
        if run is None:
            return None, [Finding(key, f"its document is lost: the run that held it, of {self.model}, is gone")]
        place, run_id = f"{DOCUMENT} of run {run.info.run_id}", str(run.info.run_id)
        try:
            text = self._text(run_id)
        except (MlflowException, OSError, UnicodeDecodeError):
            return None, [Finding(key, f"{place}: is lost, or can't be read")]
        decision = read_decision(text)
        if decision is None or decision.key != key or document_text(decision) != text:
            return None, [Finding(key, f"{place}: was changed")]
        wrong = []
        if entry_text(decision, run_id) != tag:
            wrong.append(Finding(key, f"its tag and {place} do not agree: one of them was changed"))
        if run.info.lifecycle_stage != "active":
            wrong.append(Finding(key, f"run {run_id} of its document is marked as deleted; mlflow gc would remove it"))
        expected = _tags(decision, self.model)
        if run.info.run_name != _name(decision) or any(run.data.tags.get(name) != expected[name] for name in expected):
            wrong.append(Finding(key, f"the name or the tags of run {run_id} were changed"))
        return decision, wrong

    def _text(self, run_id: str) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            return Path(self.client.download_artifacts(run_id, DOCUMENT, scratch)).read_text(encoding="utf-8")

    def _runs(self) -> dict[str, Run]:
        """All runs of decisions, also deleted ones, by id."""
        found = self.client.get_experiment_by_name(f"{self.model}/{EXPERIMENT}")
        runs: dict[str, Run] = {}
        token = None
        while found is not None:
            page = self.client.search_runs([found.experiment_id], "", ViewType.ALL, max_results=1000, page_token=token)
            runs |= {str(run.info.run_id): run for run in page}
            token = page.token
            if not token:
                break
        return runs


def document_text(decision: Decision) -> str:
    """The stored document: the decision and its hash as JSON that a person can read."""
    return json.dumps(decision.as_document(), indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def entry_text(decision: Decision, run_id: str) -> str:
    """The tag of a decision: what, by whom, when, the hash of the document and the run that holds it."""
    what = f"{decision.action} version {decision.version} by {decision.by}, {decision.at}"
    return f"{what}, hash {decision.hash}, document in run {run_id}"


def _name(decision: Decision) -> str:
    return f"{decision.action} version {decision.version} · {decision.at[:10]} · {decision.by}"


def _tags(decision: Decision, model: str) -> dict[str, str]:
    """Tags of the run of a decision."""
    return {
        "level": "decision",
        MODEL_NAME_TAG: model,
        "model_version": decision.version,
        "model_run_id": decision.run_id,
        "hash": decision.hash,
    }


def _lost(named: set[str], runs: Iterable[Run]) -> list[Finding]:
    """Decisions that were recorded, and that no tag names any more."""
    gone = [run for run in runs if run.info.status == FINISHED and str(run.info.run_id) not in named]
    lost = "holds a decision that no tag of the registered model names any more"
    return [Finding(f"run {run.info.run_id}", f"{lost}: {run.info.run_name}") for run in gone]

"""The chain of decisions in MLflow's registry: a short tag of the registered model for each, never overwritten.

The tag names the run that holds the decision's document (`decision_documents`). Decisions of earlier versions of this
package are tags with the whole document, in several parts. The hash of a version's last decision is kept a second time,
with the version itself.
"""

import time
from dataclasses import dataclass

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from training.failures import ChainBrokenError, StoreUnreachableError
from training.registry.decision_documents import DecisionDocuments, entry_text
from training.registry.decisions import (
    FIRST,
    KEY,
    Decision,
    Finding,
    Head,
    read_decisions,
    unfinished_decision,
    verify_chain,
)

CHAMPION = "champion"
HEAD = "decision_head"
SETTLING_SECONDS = 0.1
"""Between writing and reading back, so that the entry of a concurrent writer has arrived."""
PATIENCE_SECONDS = 1.0
"""Time for another writer to finish a decision: its entry, its head, then the alias."""
ATTEMPTS = 5


@dataclass(frozen=True)
class Chain:
    """The stored decisions, the champion according to the registry, and the findings.

    ``unfinished`` is the last decision if the only finding is that it was recorded and has not taken effect.
    """

    decisions: tuple[Decision, ...]
    champion: str | None
    findings: tuple[Finding, ...]
    unfinished: Decision | None = None


@dataclass(frozen=True)
class DecisionLog:
    """The decisions on a registered model. ``store_heads`` are hashes kept elsewhere than in the registry."""

    client: MlflowClient
    model: str
    store_heads: tuple[Head, ...] = ()

    def read(self) -> Chain:
        """The whole chain, verified; empty where nothing is registered."""
        try:
            registered = self.client.get_registered_model(self.model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return Chain((), None, ())
        stored = self._documents.read({key: value for key, value in registered.tags.items() if key.startswith(KEY)})
        entries = stored.parts
        alias = registered.aliases.get(CHAMPION)
        champion = None if alias is None else str(alias)
        heads = [*self._version_heads(), *self.store_heads]
        chain = verify_chain(entries, champion, heads)
        said = {finding.place for finding in stored.findings}
        findings = [*stored.findings, *(finding for finding in chain if finding.place not in said)]
        return Chain(
            decisions=read_decisions(entries),
            champion=champion,
            findings=tuple(findings),
            unfinished=unfinished_decision(entries, champion, heads) if findings and not stored.findings else None,
        )

    def append(self, draft: Decision) -> Decision:
        """Record a decision under the next number, and return it as recorded.

        ``draft.previous_champion`` is the champion at the time of its checks. Of two concurrent writers, one finds the
        other's entry under its number and takes the next. The document is stored first; if that fails, nothing is
        recorded. MLflow has no conditional write; the next verification finds
        any collision that remains. Raises ``ChainBrokenError``, and ``InputRefusedError`` if the champion has changed
        meanwhile.
        """
        for _ in range(ATTEMPTS):
            chain = self.readable()
            if chain.champion != draft.previous_champion:
                required = "the champion with whom this decision was prepared; run the command again"
                raise InputRefusedError([Problem("registry", None, None, required, "another one, decided meanwhile")])
            last = chain.decisions[-1] if chain.decisions else None
            decision = draft.model_copy(
                update={
                    "number": len(chain.decisions) + 1,
                    "previous": last.hash if last else FIRST,
                    "at": max(draft.at, last.at) if last else draft.at,
                }
            )
            if self._write(decision):
                return self.keep_head(decision)
            time.sleep(PATIENCE_SECONDS)
        raise StoreUnreachableError("the registry does not keep the decision: others write at the same time")

    def keep_head(self, decision: Decision) -> Decision:
        """Keep the hash of a recorded decision with its version, and return the decision."""
        self._documents.confirm(decision)
        self.client.set_model_version_tag(self.model, decision.version, HEAD, decision.hash)
        return decision

    def settled(self) -> Chain:
        """The chain; if it is broken, read again after another writer had time to finish."""
        chain = self.read()
        if _is_broken(chain):
            time.sleep(PATIENCE_SECONDS)
            chain = self.read()
        return chain

    def readable(self) -> Chain:
        """The chain; raises ``ChainBrokenError`` if it is broken.

        A champion from before the first decision is not a break: the first decision names it.
        """
        chain = self.settled()
        if _is_broken(chain):
            raise ChainBrokenError(chain.findings)
        return chain

    @property
    def _documents(self) -> DecisionDocuments:
        return DecisionDocuments(self.client, self.model)

    def _write(self, decision: Decision) -> bool:
        """Store the document, then claim the decision's number with its tag; false if another writer claimed it."""
        run_id = self._documents.keep(decision)
        claim = entry_text(decision, run_id)
        self.client.set_registered_model_tag(self.model, decision.key, claim)
        time.sleep(SETTLING_SECONDS)
        if self.client.get_registered_model(self.model).tags.get(decision.key) == claim:
            return True
        self._documents.discard(run_id)
        return False

    def _version_heads(self) -> list[Head]:
        versions = self.client.search_model_versions(f"name = '{self.model}'")
        return [
            Head(f"version {version.version}", str(version.version), version.tags.get(HEAD), latest=True)
            for version in versions
        ]


def _is_broken(chain: Chain) -> bool:
    return bool(chain.findings) and (bool(chain.decisions) or any(found.place != CHAMPION for found in chain.findings))

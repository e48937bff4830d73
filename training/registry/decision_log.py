"""The decisions on a registered model, in the decision store; MLflow's registry mirrors them for people to see.

The registry keeps the alias of the champion, and with each version the hash of the last decision on it. Decisions that
earlier versions of this package kept as tags are read there until the next decision takes them over into the store.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities.model_registry import RegisteredModel as RegistryModel
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from models.promotion import DECISION_STORE
from training.decisions.entry import ChainEntry
from training.decisions.entry_check import Finding, entry_findings
from training.decisions.keys import Signer, key_file, make_key, read_key
from training.decisions.location import LOCATION, location
from training.decisions.people import KnownPeople, people_after
from training.decisions.store import ChainWriter, DecisionStore, StoredChain, require_clock
from training.failures import ChainBrokenError, StoreUnreachableError
from training.registry.decision_check import check_entries, contradictions
from training.registry.decision_documents import DecisionDocuments
from training.registry.decisions import (
    FIRST,
    KEY,
    Decision,
    Head,
    champion_after,
    read_decisions,
    unfinished_decision,
    verify_chain,
)
from training.registry.recorded_decisions import has_decisions, recorded_decisions, taken_over_document
from training.stores.read_copy import own_address
from training.stores.registry_client import ask_again

CHAMPION = "champion"
HEAD = "decision_head"
STORE = DECISION_STORE
"""Tag of the registered model, and of a served copy: the id of the decision store."""
PATIENCE_SECONDS = 1.0
"""Time for another writer to finish a decision: its entry, its head, then the alias."""


@dataclass(frozen=True)
class Chain:
    """The kept decisions, the champion according to the registry, and the findings.

    ``unfinished`` is the last decision if the only finding is that it was recorded and has not taken effect.
    ``entries`` are those of the decision store, ``store`` its id; without a store the decisions are those of tags.
    ``registered`` says whether the registry has the model.
    """

    decisions: tuple[Decision, ...]
    champion: str | None
    findings: tuple[Finding, ...]
    unfinished: Decision | None = None
    entries: tuple[ChainEntry, ...] = ()
    store: str | None = None
    registered: bool = True
    model: str = ""

    @property
    def people(self) -> KnownPeople:
        """Who may sign."""
        return people_after(self.entries)


@dataclass(frozen=True)
class DecisionLog:
    """The decisions on a registered model. ``store_heads`` are hashes kept with the copies in BentoML's store."""

    client: MlflowClient
    model: str
    store_heads: tuple[Head, ...] = ()

    @property
    def store(self) -> DecisionStore:
        """The decision store of the tracking store's address."""
        return DecisionStore(location(own_address(str(self.client.tracking_uri))))

    def read(self) -> Chain:
        """The whole chain, verified; empty where nothing is registered. Nothing is written.

        Raises ``StoreUnreachableError`` if the decisions are kept where nothing names it.
        """
        registered, stored = self._registered(), self.store.read(self.model)
        return self._chain(registered, stored)

    def append(self, draft: Decision, signer: Signer | None = None) -> Decision:
        """Record a decision under the next number, signed, and return it as recorded.

        ``draft.previous_champion`` is the champion at the time of its checks. Of two concurrent writers, one waits for
        the other and takes the next number. Without a signer it is the one of ``draft.by``, see `signer`. Raises
        ``ChainBrokenError``, and ``InputRefusedError`` if the champion has changed meanwhile, if the signer may not
        decide, or if the last entry lies in the future.
        """
        own = signer or self.signer(draft.by)
        with self.recording(own) as (writer, decisions):
            if decisions and champion_after(decisions) != draft.previous_champion:
                required = "the champion with whom this decision was prepared; run the command again"
                raise InputRefusedError([Problem("registry", None, None, required, "another one, decided meanwhile")])
            last = decisions[-1] if decisions else None
            decision = draft.model_copy(
                update={
                    "number": len(decisions) + 1,
                    "previous": last.hash if last else FIRST,
                    "at": writer.time(draft.at),
                }
            )
            writer.add("decision", decision.as_document(), own, decision.at)
        return self.keep_head(decision)

    def keep_head(self, decision: Decision) -> Decision:
        """Keep the hash of the last decision on the version of a recorded one, and return the given decision.

        While it writes, no other decision can be recorded, so that the last one to write has the last hash.
        """
        with self.store.writer(self.model) as writer:
            recorded = [each.decision for each in recorded_decisions(writer.entries)[0]]
            (last,) = [each for each in recorded if each.version == decision.version][-1:] or [decision]
            if writer.entries:
                self._name_store(writer.entries[-1].store)
            self.client.set_model_version_tag(self.model, decision.version, HEAD, last.hash)
        return decision

    def _name_store(self, store: str) -> None:
        """Say in the registry which store has the decisions, unless it says so."""
        registered = self._registered()
        if registered is None or registered.tags.get(STORE) != store:
            self.client.set_registered_model_tag(self.model, STORE, store)

    @contextmanager
    def recording(self, signer: Signer) -> Iterator[tuple[ChainWriter, tuple[Decision, ...]]]:
        """A transaction that adds entries, and the decisions up to now; decisions kept as tags are taken over first.

        The mirrors in the registry are not looked at, because another writer may be about to write them: `readable`
        does. Raises ``ChainBrokenError`` if the entries are broken, ``InputRefusedError`` if the signer may not sign.
        """
        with self.store.writer(self.model) as writer:
            if found := [*entry_findings(writer.entries), *recorded_decisions(writer.entries)[1]]:
                raise ChainBrokenError(found)
            before = () if has_decisions(writer.entries) else self._kept_as_tags()
            writer.admit(signer)
            if before:
                writer.add("taken over", taken_over_document(before), signer)
            yield writer, tuple(each.decision for each in recorded_decisions(writer.entries)[0])

    def _kept_as_tags(self) -> tuple[Decision, ...]:
        """The decisions that tags keep now, while no other decision can be recorded."""
        ask_again()
        return self.readable().decisions

    def registered_signer(self, name: str, file: Path | None = None) -> Signer:
        """The signer of something that is no entry; raises as `signer`, and never makes a key."""
        stored = self.store.read(self.model)
        if people_after(stored.entries if stored else ()).by_name(name.strip()) is None:
            raise InputRefusedError(
                [Problem("people", None, "--by", "one of the people of this store", "another name")]
            )
        return self.signer(name.strip(), file)

    def signer(self, name: str, file: Path | None = None) -> Signer:
        """Who signs as ``name``, with the key in a file or in its default place.

        In a store without people who were added, a name that nobody has used gets a new key in the default place.
        Raises ``InputRefusedError`` if there is no such key, or it is not the one that the store knows.
        """
        stored = self.store.read(self.model)
        people = people_after(stored.entries if stored else ())
        path = file or key_file(name)
        if file is None and not path.exists() and not people.closed and people.by_name(name) is None:
            return make_key(name, path)
        signer = read_key(name, path)
        known = people.by_name(name)
        if known is not None and known.key_id != signer.key_id:
            required = f"the key of {name} that the decision store knows ({known.key_id[:12]})"
            raise InputRefusedError([Problem("--key", None, None, required, "another key")])
        if known is None and people.closed:
            there = ", ".join(person.name for person in people.present)
            required = f"one of the people of this store ({there}); one of them adds another with kap people add"
            raise InputRefusedError([Problem("people", None, "--by", required, "another name")])
        return signer

    def settled(self) -> Chain:
        """The chain; if it is broken, read again after another writer had time to finish."""
        chain = self.read()
        if _is_broken(chain):
            time.sleep(PATIENCE_SECONDS)
            ask_again()
            chain = self.read()
        return chain

    def readable(self) -> Chain:
        """The chain, to add to it; raises ``ChainBrokenError`` if it is broken.

        A champion from before the first decision is not a break: the first decision names it. Raises
        ``InputRefusedError`` if the last entry or decision lies in the future.
        """
        chain = self.settled()
        if _is_broken(chain):
            raise ChainBrokenError(chain.findings)
        times = [*(decision.at for decision in chain.decisions), *(entry.at for entry in chain.entries)]
        if times:
            require_clock(times[-1])
        return chain

    def _registered(self) -> RegistryModel | None:
        try:
            return self.client.get_registered_model(self.model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def _chain(self, registered: RegistryModel | None, stored: StoredChain | None) -> Chain:
        alias = registered.aliases.get(CHAMPION) if registered else None
        champion = None if alias is None else str(alias)
        heads = [*(self.version_heads() if registered else ()), *self.store_heads]
        entries = stored.entries if stored else ()
        found = list(self._missing(registered, stored))
        if has_decisions(entries):
            checked = check_entries(entries, champion, heads)
            decisions, mirrored = checked.decisions, list(checked.mirrored)
            found += checked.found
            if registered is not None and STORE not in registered.tags:
                mirrored.append(Finding("decision store", f"the registry's tag {STORE}, which names it, is missing"))
        else:
            decisions, kept, mirrored = self._from_tags(registered, champion, heads)
            found += [*entry_findings(entries), *kept, *contradictions(decisions)]
        return Chain(
            decisions=decisions,
            champion=champion,
            findings=tuple(dict.fromkeys([*found, *mirrored])),
            unfinished=unfinished_decision(decisions, champion, heads) if mirrored and not found else None,
            entries=entries,
            store=stored.store if stored else None,
            registered=registered is not None,
            model=self.model,
        )

    def _from_tags(
        self, registered: RegistryModel | None, champion: str | None, heads: Sequence[Head]
    ) -> tuple[tuple[Decision, ...], list[Finding], list[Finding]]:
        """The decisions that tags keep, what is wrong with their documents, and what is wrong with the chain."""
        tags = registered.tags if registered else {}
        stored = DecisionDocuments(self.client, self.model).read(
            {key: value for key, value in tags.items() if key.startswith(KEY)}
        )
        said = {finding.place for finding in stored.findings}
        chain = [found for found in verify_chain(stored.parts, champion, heads) if found.place not in said]
        return read_decisions(stored.parts), list(stored.findings), chain

    def _missing(self, registered: RegistryModel | None, stored: StoredChain | None) -> Iterator[Finding]:
        """What must be there and is not: the registered model, or the store that it or a served copy names."""
        if registered is None:
            about = (["the decision store"] if stored and _decides(stored.entries) else []) + [
                head.place for head in self.store_heads
            ]
            if about:
                yield Finding(
                    "registry",
                    f"the model {self.model} is not there, and decisions on it are named by {', '.join(about)}: it was "
                    "deleted or renamed, or this is another tracking store (MLFLOW_TRACKING_URI)",
                )
            return
        by_copies = {head.store: head.place for head in reversed(self.store_heads) if head.store}
        by_tag = registered.tags.get(STORE)
        named = by_tag or next(iter(by_copies), None)
        if named is None or (stored is not None and stored.store == named and stored.entries):
            return
        if self.store.url is None:
            required = f"set {LOCATION} to the address of the decision store"
            raise StoreUnreachableError(f"the decisions on {self.model} are in a store of their own: {required}")
        where = self.store.url.render_as_string(hide_password=True)
        kept = (
            "is not there" if stored is None else "is another one" if stored.store != named else "has no such entries"
        )
        by = f"the registry's tag {STORE}" if by_tag else f"the copy {by_copies[named]}"
        yield Finding("decision store", f"{by} names store {named}; the one at {where} {kept}")

    def version_heads(self) -> list[Head]:
        """The hashes that are kept with every registered version."""
        versions = self.client.search_model_versions(f"name = '{self.model}'")
        return [
            Head(
                f"version {version.version}",
                str(version.version),
                version.tags.get(HEAD),
                latest=True,
                run_id=str(version.run_id) if version.run_id else None,
            )
            for version in versions
        ]


def _decides(entries: Sequence[ChainEntry]) -> bool:
    """Whether entries are about a version: people may be added before there is one."""
    return any(entry.kind not in ("person", "clock") for entry in entries)


def _is_broken(chain: Chain) -> bool:
    return bool(chain.findings) and (bool(chain.decisions) or any(found.place != CHAMPION for found in chain.findings))

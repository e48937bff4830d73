"""A package carries the signed entries of the decision store, or the tags of an earlier version; changes are found."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.archive.packages import Packages, changed_package
from training.archive.chain_document import ChainDocument, read_chain
from training.archive.layout import CHAIN
from training.archive.zip_file import read_zip
from training.decisions.canonical import canonical
from training.decisions.entry import ChainEnd, ChainEntry, signed_entry
from training.decisions.keys import make_key
from training.registry.decisions import read_decisions
from training.registry.recorded_decisions import recorded_decisions
from training.verdicts import Verdict

pytestmark = pytest.mark.slow

Changed = Callable[[tuple[ChainEntry, ...], Path], tuple[ChainEntry, ...]]


def decisions_in(path: Path) -> ChainDocument:
    return ChainDocument.model_validate_json(read_zip(path)[CHAIN])


def verified(packages: Packages, document: ChainDocument, folder: Path) -> dict[str, Verdict]:
    """The verdicts on a package with other decisions, whose manifest was made to agree."""
    content = {CHAIN: document.as_json()}
    return packages.verify(changed_package(packages.signed, content, folder / "changed.zip", listed=True))


def other_document(entry: ChainEntry, **changes: Any) -> ChainEntry:
    return replace(entry, document=canonical(entry.content | changes))


def with_reason(entries: tuple[ChainEntry, ...], folder: Path) -> tuple[ChainEntry, ...]:
    """Another reason in the last entry, a decision."""
    return (*entries[:-1], other_document(entries[-1], reason="approved by the ethics board"))


def without_the_decision(entries: tuple[ChainEntry, ...], folder: Path) -> tuple[ChainEntry, ...]:
    return entries[:-1]


def without_the_first(entries: tuple[ChainEntry, ...], folder: Path) -> tuple[ChainEntry, ...]:
    return entries[1:]


def signed_by_another(entries: tuple[ChainEntry, ...], folder: Path) -> tuple[ChainEntry, ...]:
    """The last entry as it was, with a valid hash and the signature of a key that the store does not know."""
    last = entries[-1]
    end = ChainEnd(last.store, last.model, last.number - 1, last.previous)
    return (*entries[:-1], signed_entry(end, "decision", last.content, last.at, make_key("Eve", folder / "eve.pem")))


def with_a_signature_of_another(entries: tuple[ChainEntry, ...], folder: Path) -> tuple[ChainEntry, ...]:
    """The last entry with the right key named, and a signature by another."""
    return (*entries[:-1], replace(entries[-1], signature=signed_by_another(entries, folder)[-1].signature))


def test_the_decisions_of_a_package_are_signed_entries_and_hold(packages: Packages) -> None:
    document = decisions_in(packages.signed)
    assert [entry.kind for entry in document.entries][-1] == "decision"
    assert all(entry.signature for entry in document.entries)
    assert document.tags == {}
    assert packages.verify()["decisions"].outcome == "passed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_reason, "was changed: its document, its fields and its hash do not agree"),
        (without_the_decision, "names a decision, and no decision is kept"),
        (without_the_first, "entry 1 before it: missing"),
        (signed_by_another, "is signed with a key that nobody has"),
        (with_a_signature_of_another, "has no valid signature"),
    ],
)
def test_a_changed_removed_or_re_signed_entry_is_found_though_the_manifest_agrees(
    packages: Packages, tmp_path: Path, change: Changed, said: str
) -> None:
    document = decisions_in(packages.signed)
    changed = document.model_copy(update={"entries": change(document.entries, tmp_path)})
    verdicts = verified(packages, changed, tmp_path)
    assert verdicts["decisions"].outcome == "failed"
    assert said in "; ".join(verdicts["decisions"].findings) + verdicts["decisions"].detail
    assert verdicts["package"].outcome == "passed"
    assert verdicts["signature"].outcome == "failed"


def in_tags(document: ChainDocument) -> ChainDocument:
    """The same decisions as a registry keeps them whose decisions are still tags."""
    decisions = [one.decision for one in recorded_decisions(document.entries)[0]]
    tags = {key: part for decision in decisions for key, part in decision.parts().items()}
    assert len(read_decisions(tags)) == len(decisions) > 0
    return document.model_copy(update={"entries": (), "tags": tags})


def test_a_package_of_a_registry_whose_decisions_are_still_tags_is_checked_too(
    packages: Packages, tmp_path: Path
) -> None:
    document = in_tags(decisions_in(packages.signed))
    assert verified(packages, document, tmp_path)["decisions"].outcome == "passed"
    (key, text), *_ = document.tags.items()
    changed = {
        "was changed": {key: text.replace("override", "promote ", 1) if "override" in text else text.swapcase()},
        "no decision is kept": None,
        "does not agree": {key: json.dumps(json.loads(text) | {"by": "Eve"}) if text.endswith("}") else text[:-1]},
    }
    for said, tags in changed.items():
        own = document.model_copy(update={"tags": {} if tags is None else document.tags | tags})
        verdict = verified(packages, own, tmp_path)["decisions"]
        assert verdict.outcome == "failed", said


def test_findings_of_the_time_of_the_export_stay_findings(packages: Packages) -> None:
    document = decisions_in(packages.signed).model_copy(update={"findings": ["decision 1: was changed"]})
    assert "when the package was written" in str(read_chain(document.as_json()).findings[0])

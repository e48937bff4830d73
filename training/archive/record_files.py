"""The record of a training or evaluation as files, and the same record read from them again.

`record.json` holds the text of every item that the seal has a digest of, so that each digest is computed again, and the
digests alone of the artifacts that stay out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.protocol.problems import InputRefusedError, Problem
from training.archive.contents import goes_in
from training.archive.layout import BUNDLE, EVALUATIONS, FORMAT, RECORD, TRAINING, folder_of, is_model, seal_of
from training.registry.seal import SEAL, Record, SealedItem, digest_of
from training.registry.stored_training import StoredEvaluation, StoredMonitoring, StoredTraining, StoredVersion

RunId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
WITH_FILES = re.compile("(m-)?[0-9a-f]{32}")
"""The owners of artifacts: runs and models. Their ids are names of folders too, and none leads out of the package."""
Texts = dict[str, dict[str, dict[str, str]]]
"""By owner, kind and name."""


class RecordedEvaluation(BaseModel):
    """An evaluation on another cohort; ``lost`` if its run was lost when the package was written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    run_id: RunId
    source: str
    named: bool
    lost: bool


class RecordedMonitoring(BaseModel):
    """A monitoring run about the model, as `StoredMonitoring`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    run_id: str
    said: str
    stage: str | None


class RecordDocument(BaseModel):
    """The content of `record.json`: everything by owner, then by kind and name.

    ``digests`` has items of which no text is known, ``withheld`` the SHA-256 of artifacts that are not in the package,
    or whose file was another one when the package was written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    format: int = FORMAT
    run_id: RunId
    model: str
    owners: dict[str, str]
    texts: Texts
    digests: Texts
    withheld: dict[str, dict[str, str]]
    deleted: list[str]
    aliases: dict[str, list[str]]
    evaluations: list[RecordedEvaluation]
    monitorings: list[RecordedMonitoring]


def record_files(stored: StoredTraining, model: str, place: str, *, with_predictions: bool) -> dict[str, bytes]:
    """The files of a training or evaluation below ``place``, and those of its evaluations."""
    files, withheld = _artifacts(stored, place, with_predictions=with_predictions)
    if stored.sealed is not None:
        files[seal_of(place)] = stored.sealed
    others = {item: digest for item, digest in stored.record.digests.items() if item.kind != "artifact"}
    texts = {item: text for item, text in stored.record.texts.items() if item in others}
    document = RecordDocument(
        run_id=stored.run_id,
        model=model,
        owners=dict(stored.record.owners),
        texts=_nested(texts),
        digests=_nested({key: digest for key, digest in others.items() if key not in texts}),
        withheld=withheld,
        deleted=list(stored.deleted),
        aliases={version.number: sorted(version.aliases) for version in stored.versions},
        evaluations=[
            RecordedEvaluation(run_id=one.run_id, source=one.source, named=one.named, lost=one.stored is None)
            for one in stored.evaluations
        ],
        monitorings=[
            RecordedMonitoring(run_id=one.run_id, said=one.said, stage=one.stage) for one in stored.monitorings
        ],
    )
    files[f"{place}/{RECORD}"] = (document.model_dump_json(indent=1) + "\n").encode()
    for one in stored.evaluations:
        if one.stored is not None:
            within = f"{EVALUATIONS}/{one.run_id}"
            files |= record_files(one.stored, model, within, with_predictions=with_predictions)
    return files


def _artifacts(
    stored: StoredTraining, place: str, *, with_predictions: bool
) -> tuple[dict[str, bytes], dict[str, dict[str, str]]]:
    """The artifacts that go in by their name in the package, and the digests of those that stay out."""
    files: dict[str, bytes] = {}
    withheld: dict[str, dict[str, str]] = {}
    for item, digest in sorted(stored.record.digests.items()):
        if item.kind != "artifact":
            continue
        content = _content(stored, item) if goes_in(item.owner, item.name, with_predictions=with_predictions) else None
        if content is not None:
            files[f"{place}/{folder_of(item.owner, stored.run_id)}/{item.name}"] = content
        else:
            withheld.setdefault(item.owner, {})[item.name] = digest
    return files, withheld


def _content(stored: StoredTraining, item: SealedItem) -> bytes | None:
    """The artifact as the record has it; ``None`` if the file at hand is another one."""
    path = stored.folders[item.owner] / item.name
    content = path.read_bytes() if path.is_file() else b""
    return content if digest_of(content) == stored.record.digests[item] else None


def _nested(texts: Mapping[SealedItem, str]) -> Texts:
    nested: Texts = {}
    for item, text in sorted(texts.items()):
        nested.setdefault(item.owner, {}).setdefault(item.kind, {})[item.name] = text
    return nested


def read_record(folder: Path, place: str) -> StoredTraining:
    """The record in the unpacked package ``folder``; raises ``InputRefusedError`` if it has none that can be read."""
    path = folder / place / RECORD
    try:
        document = RecordDocument.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        required = f"a package with {place}/{RECORD} of format {FORMAT}"
        raise InputRefusedError([Problem("package", None, None, required, "none, or one of another format")]) from None
    texts = _flat(document.texts)
    withheld = {
        SealedItem(owner, "artifact", name): digest
        for owner, named in document.withheld.items()
        for name, digest in named.items()
    }
    stored = _stored(document, folder / place, texts, withheld)
    evaluations = tuple(_evaluations(document, folder)) if place == TRAINING else ()
    monitorings = tuple(StoredMonitoring(one.run_id, one.said, one.stage) for one in document.monitorings)
    return replace(stored, evaluations=evaluations, monitorings=monitorings)


def _flat(nested: Texts) -> dict[SealedItem, str]:
    return {
        SealedItem(owner, kind, name): text
        for owner, kinds in nested.items()
        for kind, named in kinds.items()
        for name, text in named.items()
    }


def _stored(
    document: RecordDocument, folder: Path, texts: Mapping[SealedItem, str], withheld: Mapping[SealedItem, str]
) -> StoredTraining:
    run_id, owners = document.run_id, document.owners
    folders = {owner: folder / folder_of(owner, run_id) for owner in owners if WITH_FILES.fullmatch(owner)}
    digests = {item: digest_of(text) for item, text in texts.items()} | _flat(document.digests) | dict(withheld)
    for owner, within in folders.items():
        digests |= _file_digests(owner, within)
    digests.pop(SealedItem(run_id, "artifact", SEAL), None)
    seal, models = folders.get(run_id, folder) / SEAL, [owner for owner in owners if is_model(owner)]
    tags = _tags(texts)
    return StoredTraining(
        run_id=run_id,
        record=Record(run_id, owners, digests),
        sealed=seal.read_bytes() if seal.is_file() else None,
        deleted=tuple(document.deleted),
        tags=tags.get(run_id, {}),
        landmark_tags={
            found["landmark"]: found
            for found in tags.values()
            if found.get("level") == "landmark" and "landmark" in found
        },
        artifacts=folders.get(run_id, folder),
        bundle=folders[models[0]] / BUNDLE if models else None,
        versions=tuple(_versions(document, tags)),
        folders=folders,
        withheld=frozenset(withheld),
    )


def _tags(texts: Mapping[SealedItem, str]) -> dict[str, dict[str, str]]:
    """The tags by owner."""
    tags: dict[str, dict[str, str]] = {}
    for item, text in texts.items():
        if item.kind == "tag":
            tags.setdefault(item.owner, {})[item.name] = text
    return tags


def _versions(document: RecordDocument, tags: Mapping[str, Mapping[str, str]]) -> Iterator[StoredVersion]:
    for owner in document.owners:
        if owner.startswith("version "):
            number = owner.removeprefix("version ")
            aliases = tuple(document.aliases.get(number, ()))
            yield StoredVersion(number, tags.get(owner, {}), aliases, document.model)


def _evaluations(document: RecordDocument, folder: Path) -> Iterator[StoredEvaluation]:
    for one in document.evaluations:
        found = None if one.lost else read_record(folder, f"{EVALUATIONS}/{one.run_id}")
        yield StoredEvaluation(one.run_id, one.source, one.named, found)


def _file_digests(owner: str, folder: Path) -> dict[SealedItem, str]:
    """SHA-256 of every file below the folder of an owner's artifacts."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        SealedItem(owner, "artifact", path.relative_to(folder).as_posix()): digest_of(path.read_bytes())
        for path in files
    }

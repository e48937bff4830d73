"""The files of a record: their folders and digests, from this machine or from behind a server.

Behind a server a file is a request. There the sealed archive (`record_archive`) is read; the folders that people open
are listed and their files compared by size, and the files that decide are read besides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.registry.artifacts import EVIDENCE
from training.registry.record_archive import ARCHIVE, unpack_archive
from training.registry.seal import LOADING_NOTE, SEAL, SealedItem, digest_of
from training.stores.artifact_place import downloaded, fetched, folder_at, repository_at
from training.stores.written_files import WrittenFiles

Digests = dict[SealedItem, str]
LISTED = ("", "figures", "artifacts/bundle")
"""Folders of a training or model that are listed."""
READ = (EVIDENCE, "artifacts/bundle/manifest.json")
"""Files that are read besides the archive: every figure follows from the one, the digests of the model from the other.
"""
WRITTEN_BY_LOADING = "registered_model_meta"
"""A file of name and version, without code, that MLflow writes into the folder of a model in a local store."""


@dataclass(frozen=True)
class FilesRead:
    """The folder of a run's or model's files, their digests, and how many were taken from the archive alone."""

    folder: Path
    digests: Digests
    from_archive: int = 0


@dataclass(frozen=True)
class SealedArchive:
    """The archive of a record as sealed: its item, its digest, and the folder in which it was unpacked."""

    item: SealedItem
    digest: str
    folder: Path


@dataclass(frozen=True)
class RecordFiles:
    """Reads the files of one record; copies are made below ``scratch``. ``folders`` are listed behind a server.

    ``written`` are the copies of those that were just written there, which are not read back.
    """

    scratch: Path
    archive: SealedArchive | None = None
    folders: tuple[str, ...] = LISTED
    written: WrittenFiles | None = None

    def with_archive(self, run_id: str, address: str, sealed: Mapping[SealedItem, str]) -> "RecordFiles":
        """The same, with the archive of a sealed record, if there is one behind a server and it is as sealed."""
        item = SealedItem(run_id, "artifact", ARCHIVE)
        if item not in sealed or folder_at(address) is not None:
            return self
        path, folder = self.scratch / f"{run_id}.zip", self.scratch / f"{run_id}-archive"
        there = downloaded(repository_at(address), ARCHIVE, path)
        if not there or digest_of(path.read_bytes()) != sealed[item] or not unpack_archive(path, folder):
            return self  # every file is read, and the archive is found to be lost or changed
        return replace(self, archive=SealedArchive(item, sealed[item], folder))

    def read(self, owner: str, address: str, *, counts: bool = True) -> FilesRead:
        """The files of a run or model at an address; those of one that does not count are not even listed."""
        copies = None if self.written is None else self.written.at(address)
        if copies is not None:
            return FilesRead(copies, _digests(owner, copies))
        if self.archive is None or folder_at(address) is not None:
            folder = fetched(address, self.scratch / digest_of(address))
            return FilesRead(folder, _digests(owner, folder))
        folder = self.archive.folder / owner
        archived = _digests(owner, folder)
        digests = _compared(owner, address, folder, archived, self.folders) if counts else archived
        own = {self.archive.item: self.archive.digest} if owner == self.archive.item.owner else {}
        return FilesRead(folder, digests | own, len(archived))


def _compared(owner: str, address: str, folder: Path, archived: Digests, folders: Sequence[str]) -> Digests:
    """The digests of the archive; those of the store where a file is lost, added or of another size, or is read."""
    repository, digests = repository_at(address), dict(archived)
    for listed in (name for name in folders if (folder / name).is_dir()):
        found = {one.path: one.file_size for one in repository.list_artifacts(listed or None) if not one.is_dir}
        here = {file.relative_to(folder).as_posix() for file in (folder / listed).iterdir() if file.is_file()}
        for name in here - found.keys():
            del digests[SealedItem(owner, "artifact", name)]
        for name in found.keys() - {SEAL, ARCHIVE}:
            if name not in here or found[name] not in (None, (folder / name).stat().st_size):
                digests[SealedItem(owner, "artifact", name)] = digest_of(f"{found[name]} bytes")
    for name in (name for name in READ if SealedItem(owner, "artifact", name) in digests):
        downloaded(repository, name, folder / name)
        digests[SealedItem(owner, "artifact", name)] = digest_of((folder / name).read_bytes())
    return digests


def marked_notes(digests: Digests, folder: Path, owner: str, allowed: frozenset[str]) -> Digests:
    """The digests with the file that MLflow writes on loading under a kind of its own, if its content is allowed."""
    item = SealedItem(owner, "artifact", WRITTEN_BY_LOADING)
    path = folder / WRITTEN_BY_LOADING
    if item not in digests or not path.is_file() or path.read_bytes().decode(errors="replace") not in allowed:
        return digests
    others = {key: digest for key, digest in digests.items() if key != item}
    return others | {SealedItem(owner, LOADING_NOTE, WRITTEN_BY_LOADING): digests[item]}


def loading_notes(versions: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The contents of that file for the names and versions under which the model is registered.

    A model that is loaded by its own id (``models:/m-...``) has neither there.
    """
    return frozenset({"model_name: null\nmodel_version: null\n"}) | frozenset(
        f"model_name: {quote}{name}{quote}\nmodel_version: {mark}{number}{mark}\n"
        for name, number in versions
        for quote in ("", "'")
        for mark in ("", "'")
    )


def _digests(owner: str, folder: Path) -> Digests:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        SealedItem(owner, "artifact", path.relative_to(folder).as_posix()): digest_of(path.read_bytes())
        for path in files
    }

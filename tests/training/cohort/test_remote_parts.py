"""A cohort in parts is read by URL with what drivers of fsspec are installed; what fails is said without the URL."""

import functools
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.http import HTTPFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from features.protocol.problems import CohortRefusedError, Problem, ProtocolRefusedError
from tests.training.cohort.test_parts import BY_PRODUCTS, UNREAD_FILES, UNREAD_FOLDERS
from tests.training.cohorts_in_parts import in_parts
from training.cohort.parts.part import parts_of, protocol_of, read_part
from training.cohort.parts.remote import RemoteFolder, place_of
from training.cohort.parts.whole import read_whole
from training.cohort.reader import read_cohort


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def parts(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_parts(simulated, tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def served(parts: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(parts)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def in_memory(parts: Path) -> Iterator[MemoryFileSystem]:
    system = fsspec.filesystem("memory")
    for path in parts.rglob("*.*"):
        system.pipe(f"/cohort/{path.relative_to(parts).as_posix()}", path.read_bytes())
    yield system
    system.rm("/cohort", recursive=True)


def refused(url: str) -> Problem:
    with pytest.raises(CohortRefusedError) as said:
        parts_of(place_of(url))
    (problem,) = said.value.problems
    return problem


def test_a_cohort_behind_a_web_server_is_the_one_on_the_disk(served: str, simulated: Path) -> None:
    assert read_whole(place_of(served)).cohort.digest == read_cohort(simulated).digest
    assert read_whole(place_of(f"{served}/")).cohort.digest == read_cohort(simulated).digest


def test_a_cohort_in_an_archive_is_the_one_on_the_disk(parts: Path, simulated: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cohort.zip", "w") as archive:
        for path in parts.rglob("*.*"):
            archive.write(path, f"inside/{path.relative_to(parts).as_posix()}")
    found = read_whole(place_of(f"zip://inside::file://{tmp_path}/cohort.zip"))
    assert found.cohort.digest == read_cohort(simulated).digest


def test_a_file_url_names_a_folder_of_this_machine(parts: Path) -> None:
    assert place_of(f"file://{parts}") == parts
    assert place_of(str(parts)) == parts


@pytest.mark.parametrize("url", ["file://localhost{}", "FILE://LOCALHOST{}", "local://localhost{}"])
def test_the_host_localhost_is_this_machine(parts: Path, url: str) -> None:
    assert place_of(url.format(parts)) == parts


def test_the_host_localhost_is_this_machine_in_a_chained_url_too(parts: Path, simulated: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cohort.zip", "w") as archive:
        for path in parts.rglob("*.*"):
            archive.write(path, path.relative_to(parts).as_posix())
    place = place_of(f"zip://::file://localhost{tmp_path}/cohort.zip")
    assert protocol_of(place) == read_cohort(simulated).protocol


@pytest.mark.parametrize(
    "url",
    [
        "file://server/data",
        "file://localhosts/data",
        "file://localhost",
        "file://",
        "zip://inside::file://server/a.zip",
    ],
)
def test_a_file_url_of_another_host_is_no_relative_path(url: str) -> None:
    problem = refused(url)
    assert problem.place == "file://..."
    assert problem.required == "file:// before a path that begins with /, as in file:///data, of this machine"
    assert problem.found == "another host, or a relative path"


@pytest.mark.parametrize("name", BY_PRODUCTS)
def test_at_a_url_too_what_writers_of_parquet_leave_is_passed_over(in_memory: MemoryFileSystem, name: str) -> None:
    before = parts_of(place_of("memory://cohort"))
    in_memory.pipe(f"/cohort/patients/{name}", b"content")
    assert parts_of(place_of("memory://cohort")) == before


@pytest.mark.parametrize("name", UNREAD_FILES)
def test_at_a_url_too_another_file_in_a_tables_folder_is_refused(in_memory: MemoryFileSystem, name: str) -> None:
    in_memory.pipe(f"/cohort/patients/{name}", b"content")
    problem = refused("memory://cohort")
    assert problem.place == f"patients/{name}"
    assert problem.required == "files that end in .parquet, and other files elsewhere"


@pytest.mark.parametrize(("folder", "name", "table"), UNREAD_FOLDERS)
def test_at_a_url_too_a_folder_whose_name_is_nearly_a_tables_is_refused(
    in_memory: MemoryFileSystem, folder: str, name: str, table: str
) -> None:
    in_memory.pipe(f"/cohort/{folder}/{name}", b"content")
    problem = refused("memory://cohort")
    assert (problem.place, problem.found) == (folder, "a folder of another name")
    assert problem.required.startswith(f"this table in the folder {table}")


def test_events_without_a_folder_of_patients_are_no_cohort(in_memory: MemoryFileSystem) -> None:
    in_memory.rm("/cohort/patients", recursive=True)
    problem = refused("memory://cohort")
    assert (problem.place, problem.found) == ("patients", "none")


def test_links_by_which_a_web_server_sorts_its_list_are_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        "http://host/c": ["http://host/c/?C=N;O=D", "http://host/c/patients/"],
        "http://host/c/patients/": ["http://host/c/patients/?C=N;O=D", "http://host/c/patients/part-0%3F.parquet"],
    }

    def listed(_: HTTPFileSystem, path: str, detail: bool = True) -> list[dict[str, str]]:
        assert detail
        return [{"name": name, "type": "directory" if name.endswith("/") else "file"} for name in pages[path]]

    monkeypatch.setattr(HTTPFileSystem, "ls", listed)
    assert RemoteFolder("http://host/c").names() == ["patients/part-0?.parquet"]


def test_a_part_and_the_protocol_come_from_the_same_folder(in_memory: MemoryFileSystem, simulated: Path) -> None:
    place = place_of("memory://cohort")
    protocol = protocol_of(place)
    assert protocol == read_cohort(simulated).protocol
    first = parts_of(place)[0]
    assert read_part(first, protocol, strict=False).cohort.site_names == (
        first.name.partition("/")[0].removeprefix("site="),
    )
    in_memory.pipe("/cohort/protocol.toml.bak", b"")
    with pytest.raises(ProtocolRefusedError):
        protocol_of(place)


def test_a_problem_names_the_file_of_the_part(in_memory: MemoryFileSystem) -> None:
    place = place_of("memory://cohort")
    path = next(path for path in in_memory.find("/cohort/events") if path.endswith(".parquet"))
    in_memory.pipe(path, b"no Parquet")
    with pytest.raises(CohortRefusedError) as said:
        read_whole(place)
    (problem,) = said.value.problems
    assert (problem.place, problem.required) == (path.removeprefix("/cohort/"), "a Parquet file")


def test_without_a_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known_implementations, "s3", {"class": "no_s3.Files", "err": "Install s3fs"})
    problem = refused("s3://name:password@bucket/cohort")
    assert (problem.place, problem.found) == ("s3://...", "an installation without it; fsspec says: Install s3fs")
    assert "password" not in repr(problem) + repr(RemoteFolder("s3://name:password@bucket/cohort"))


def test_a_kind_of_url_that_nobody_knows_is_refused() -> None:
    assert refused("nonsense://cohort").found == "none installed"


def test_a_server_that_does_not_answer_and_a_folder_that_is_not_there_are_two_mistakes(served: str) -> None:
    assert refused("http://127.0.0.1:9/cohort").required == "a URL that fsspec understands and this machine reaches"
    assert refused(f"{served}/nowhere").found == "none at this URL"


def test_a_folder_that_can_not_be_listed_is_refused_and_not_passed_over(
    in_memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = MemoryFileSystem.ls

    def closed(self: MemoryFileSystem, path: str, **options: object) -> object:
        if "sessions/" in path:
            raise PermissionError(path)
        return listed(self, path, **options)

    monkeypatch.setattr(MemoryFileSystem, "ls", closed)
    assert refused("memory://cohort").found == "access denied"

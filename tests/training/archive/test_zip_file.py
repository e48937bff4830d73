"""Equal files give an equal zip file, and one of others can't write outside, fill the disk, or hide a file."""

import stat
import zipfile
from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from training.archive import zip_file
from training.archive.zip_file import read_zip, write_zip

FILES = {"b/two.txt": b"2" * 5000, "a.txt": b"1"}


def zip_of(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def refusal_of(path: Path) -> str:
    with pytest.raises(InputRefusedError) as refused:
        read_zip(path)
    return refused.value.problems[0].found


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_zip(FILES, tmp_path / "files.zip")
    assert read_zip(tmp_path / "files.zip") == FILES


def test_equal_files_give_equal_bytes_in_whichever_order(tmp_path: Path) -> None:
    write_zip(FILES, tmp_path / "one.zip")
    write_zip(dict(reversed(FILES.items())), tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../out.txt", "a/../../out.txt", "a\\out.txt", "C:out.txt", "a//b.txt", "./a.txt"]
)
def test_a_name_that_leads_out_of_the_package_is_refused(tmp_path: Path, name: str) -> None:
    assert "leads out" in refusal_of(zip_of(tmp_path / "files.zip", ("a.txt", b"1"), (name, b"2")))


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "link" in refusal_of(zip_of(tmp_path / "files.zip", (link, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "two files of one name" in refusal_of(zip_of(tmp_path / "files.zip", ("a.txt", b"1"), ("a.txt", b"2")))


def test_more_bytes_than_a_package_has_are_refused_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zip_of(tmp_path / "bomb.zip", ("a.txt", bytes(3_000_000)))
    assert bomb.stat().st_size < 10_000
    monkeypatch.setattr(zip_file, "MOST_BYTES", 2_999_999)
    assert "bytes together" in refusal_of(bomb)
    monkeypatch.setattr(zip_file, "MOST_BYTES", 3_000_000)
    assert len(read_zip(bomb)["a.txt"]) == 3_000_000


def test_a_file_that_holds_more_than_it_states_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bomb.zip", ("a.txt", bytes(3_000_000)))
    content, size = path.read_bytes(), (3_000_000).to_bytes(4, "little")
    assert content.count(size) == 2  # with the file, and in the directory at the end
    path.write_bytes(content.replace(size, (100).to_bytes(4, "little")))
    assert "damaged" in refusal_of(path)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_file, "MOST_FILES", 1)
    assert "more than 1 files" in refusal_of(zip_of(tmp_path / "files.zip", ("a.txt", b"1"), ("b.txt", b"2")))


@pytest.mark.parametrize("content", [b"", b"no zip file", b"PK\x03\x04 and no more"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "files.zip"
    path.write_bytes(content)
    assert "no zip file" in refusal_of(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "files.zip", ("a.txt", bytes(range(256)) * 20))
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(bytes(content))
    assert "damaged" in refusal_of(path)


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "files.zip", ("a.txt", b"1"))
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flags in front of the file, and those in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert "encrypted" in refusal_of(path)

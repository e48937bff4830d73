"""Time stamps by RFC 3161 beside seals: OpenSSL accepts them, and each way of being wrong is said."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.decisions.authority import Authority, authority
from training.failures import EvidenceFailedError, StoreUnreachableError
from training.timestamps import check_stamp, read_certificates, request_stamp, stamp_path

CONTENT = b'{"a seal": 1}\n'


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("authorities") / "ours") as own:
        yield own


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("authorities") / "others") as own:
        yield own


def sealed(folder: Path, by: Authority, content: bytes = CONTENT) -> Path:
    file = folder / "seal.json"
    file.write_bytes(content)
    stamp_path(file).write_bytes(request_stamp(content, by.url))
    return file


def wrong_of(file: Path, by: Authority) -> str | None:
    check = check_stamp(file, by.root)
    assert check is not None
    assert check.checked
    return check.wrong


def test_openssl_accepts_a_time_stamp_and_so_do_we(ours: Authority, tmp_path: Path) -> None:
    file = sealed(tmp_path, ours)
    verify = ["openssl", "ts", "-verify", "-data", file, "-in", stamp_path(file), "-CAfile", ours.root]
    said = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert "Verification: OK" in said.stdout + said.stderr
    assert wrong_of(file, ours) is None
    assert CONTENT not in ours.requests[-1]  # only its digest is sent


def test_without_certificates_the_signature_is_not_checked_and_that_is_said(ours: Authority, tmp_path: Path) -> None:
    check = check_stamp(sealed(tmp_path, ours), None)
    assert check is not None
    assert (check.checked, check.wrong) == (False, None)
    assert check.at is not None


def test_a_file_without_a_time_stamp_has_none(tmp_path: Path) -> None:
    assert check_stamp(tmp_path / "seal.json", None) is None


def test_a_missing_time_stamp_is_wrong_for_who_gives_certificates(ours: Authority, tmp_path: Path) -> None:
    file = sealed(tmp_path, ours)
    stamp_path(file).unlink()
    assert "is not there" in str(wrong_of(file, ours))


def test_a_changed_file_or_time_stamp_is_found_with_and_without_certificates(ours: Authority, tmp_path: Path) -> None:
    file = sealed(tmp_path, ours)
    file.write_bytes(CONTENT + b" ")
    assert wrong_of(file, ours) == "it is about another file, or the file was changed since"
    check = check_stamp(file, None)
    assert check is not None
    assert check.wrong == "it is about another file, or the file was changed since"
    file.write_bytes(CONTENT)
    whole = stamp_path(file).read_bytes()
    for place in range(0, len(whole), 97):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        stamp_path(file).write_bytes(changed)
        assert wrong_of(file, ours), f"byte {place}"


def test_a_time_stamp_of_another_authority_is_found(ours: Authority, others: Authority, tmp_path: Path) -> None:
    assert "not that of an authority with these certificates" in str(wrong_of(sealed(tmp_path, others), ours))


def test_a_signer_whose_certificate_had_expired_or_is_for_something_else_is_found(tmp_path: Path) -> None:
    with authority(tmp_path / "expired", expired=True) as late:
        assert "valid at its time" in str(wrong_of(sealed(tmp_path, late), late))


def test_an_answer_to_another_request_is_refused_by_its_nonce(ours: Authority, tmp_path: Path) -> None:
    first = request_stamp(CONTENT, ours.url)
    ours.answers.append((200, first))
    with pytest.raises(EvidenceFailedError, match="its nonce is not the one of the request"):
        request_stamp(CONTENT, ours.url)
    ours.answers.append((200, first))
    with pytest.raises(EvidenceFailedError, match="it is about another file"):
        request_stamp(b"another seal", ours.url)
    assert tmp_path.exists()


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\x30\x03\x02\x01\x05"], ids=["nothing", "a page", "other DER"])
def test_an_answer_that_is_no_time_stamp_is_refused(ours: Authority, answer: bytes) -> None:
    ours.answers.append((200, answer))
    with pytest.raises(EvidenceFailedError, match="the time stamp can't be used"):
        request_stamp(CONTENT, ours.url)


def test_a_request_that_was_not_granted_is_refused(ours: Authority) -> None:
    ours.answers.append((200, ours.stamp(b"no request")))
    with pytest.raises(EvidenceFailedError, match="the authority did not grant it"):
        request_stamp(CONTENT, ours.url)


def test_an_authority_that_does_not_answer_is_said(ours: Authority) -> None:
    ours.answers.append((503, b"later"))
    with pytest.raises(StoreUnreachableError, match="HTTP status 503; nothing was written"):
        request_stamp(CONTENT, ours.url)
    with pytest.raises(StoreUnreachableError, match="does not answer"):
        request_stamp(CONTENT, "http://127.0.0.1:9/")


@pytest.mark.parametrize("url", ["ftp://localhost/", "nonsense", "http://", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputRefusedError):
        request_stamp(CONTENT, url)


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("nothing")
    with pytest.raises(InputRefusedError):
        read_certificates(tmp_path / "roots.pem")

"""Time stamps by RFC 3161: an authority confirms that a file was there at a time; `openssl ts -verify` checks it too.

The authority's answer is kept beside the file, as FILE.tsr. It holds a digest of the file and a signature. Only the
digest of the file is sent.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus

from features.protocol.problems import InputRefusedError, Problem
from training.failures import EvidenceFailedError, StoreUnreachableError

ENDING = ".tsr"
SECONDS = 20.0
_TYPE = "application/timestamp-query"
_REQUIRED_URL = "the address of a time stamping authority, http:// or https://"
_REQUIRED_CERTIFICATES = "a file with the authority's root certificates, in PEM"
_WORDS = {
    "Nonce mismatch": "its nonce is not the one of the request",
    "Mismatch between messages": "it is about another file, or the file was changed since",
    "PKIStatus is not GRANTED": "the authority did not grant it",
    "does not have KeyPurposeID": "its signer may not sign time stamps",
    "EKU extension": "its signer may not sign time stamps",
    "verifying certificates": "its signature is not that of an authority with these certificates, valid at its time",
}


@dataclass(frozen=True)
class TimestampCheck:
    """A time stamp beside a file: ``at`` is its time (UTC); ``wrong`` says what is wrong with it.

    Without certificates it is not ``checked``: only its digest was compared.
    """

    file: str
    at: datetime | None
    checked: bool
    wrong: str | None


def stamp_path(file: Path) -> Path:
    """Where the time stamp of a file is kept."""
    return file.with_name(file.name + ENDING)


def require_address(url: str) -> None:
    """Raise ``InputRefusedError`` unless a text is the address of an authority."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InputRefusedError([Problem("--timestamp", None, None, _REQUIRED_URL, "another text")])


def request_stamp(content: bytes, url: str) -> bytes:
    """The authority's time stamp over these bytes, with the digest and the nonce of the request.

    Raises ``StoreUnreachableError`` if the authority does not answer, ``EvidenceFailedError`` if it answers with
    something else than a time stamp of this request.
    """
    require_address(url)
    request = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
    try:
        answer = httpx.post(url, content=request.as_bytes(), headers={"Content-Type": _TYPE}, timeout=SECONDS)
    except httpx.HTTPError:
        raise StoreUnreachableError("the time stamping authority does not answer; nothing was written") from None
    if answer.status_code != httpx.codes.OK:
        raise StoreUnreachableError(
            f"the time stamping authority answers with HTTP status {answer.status_code}; nothing was written"
        )
    stamp = _decoded(answer.content)
    wrong = (
        "its answer is no time stamp in the form of RFC 3161 (DER)"
        if stamp is None
        else _wrong_content(stamp, content, request.nonce)
    )
    if wrong:
        raise EvidenceFailedError(f"the time stamp can't be used: {wrong}; nothing was written")
    return answer.content


def read_certificates(path: Path) -> list[Certificate]:
    """The certificates in a PEM file; raises ``InputRefusedError``."""
    try:
        found = load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        found = []
    if not found:
        raise InputRefusedError([Problem(path.name, None, None, _REQUIRED_CERTIFICATES, "another file")])
    return found


def check_stamp(file: Path, certificates: Path | None) -> TimestampCheck | None:
    """The time stamp beside a file, checked; ``None`` where there is none and no certificates are given.

    Who gives certificates expects a time stamp: that there is none is wrong.
    """
    path = stamp_path(file)
    if not path.is_file():
        absent = f"it is not there, beside {file.name}, and certificates to check it with are given"
        return None if certificates is None else TimestampCheck(path.name, None, checked=True, wrong=absent)
    return check_stamp_of(path.name, path.read_bytes(), file.read_bytes(), certificates)


def check_stamp_of(name: str, answer: bytes, content: bytes, certificates: Path | None) -> TimestampCheck:
    """The authority's ``answer``, kept under a name, checked against the bytes that it is about."""
    roots = None if certificates is None else read_certificates(certificates)
    stamp = _decoded(answer)
    if stamp is None:
        return TimestampCheck(name, None, checked=True, wrong="it is no time stamp, or was changed")
    wrong = _wrong_content(stamp, content, None)
    if wrong is None and roots is not None:
        wrong = _wrong_signature(stamp, content, roots)
    return TimestampCheck(name, _time(stamp), checked=wrong is not None or roots is not None, wrong=wrong)


def _decoded(content: bytes) -> TimeStampResponse | None:
    try:
        return decode_timestamp_response(content)
    except ValueError:
        return None


def _time(stamp: TimeStampResponse) -> datetime | None:
    try:
        return stamp.tst_info.gen_time
    except ValueError:
        return None


def _wrong_content(stamp: TimeStampResponse, content: bytes, nonce: int | None) -> str | None:
    """What is wrong with a time stamp, whatever its signature; ``None`` if nothing is."""
    if stamp.status not in (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS):
        return _WORDS["PKIStatus is not GRANTED"]
    try:
        info = stamp.tst_info
        message = info.message_imprint.message
    except ValueError:
        return "it is no time stamp, or was changed"
    if message not in (
        hashlib.sha256(content).digest(),
        hashlib.sha384(content).digest(),
        hashlib.sha512(content).digest(),
    ):
        return _WORDS["Mismatch between messages"]
    if nonce is not None and info.nonce != nonce:
        return _WORDS["Nonce mismatch"]
    return None


def _wrong_signature(stamp: TimeStampResponse, content: bytes, roots: list[Certificate]) -> str | None:
    builder = VerifierBuilder()
    for certificate in dict.fromkeys(roots):
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(stamp, content)
    except VerificationError as error:
        return next((said for part, said in _WORDS.items() if part in str(error)), "it does not hold")
    except ValueError:
        return "it is no time stamp, or was changed"
    return None

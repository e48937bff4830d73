"""The certificate and the encryption of the service, checked before the server starts."""

import ssl
from pathlib import Path
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from serving.contract.failures import FileRefusedError
from serving.storage.settings import Settings
from serving.storage.trusted_files import read_given

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only, as Mozilla's intermediate configuration has it.

BentoML's default allows only SHA-1 in CBC mode. All ciphers of TLS 1.3 are good.
"""
_CERTIFICATE, _KEY = "KAP_TLS_CERTIFICATE", "KAP_TLS_KEY"
_MARKS = {_CERTIFICATE: b"-----BEGIN CERTIFICATE-----", _KEY: b"PRIVATE KEY-----"}


def tls_config(settings: Settings) -> dict[str, Any]:
    """The section ``ssl`` of BentoML's configuration; TLS 1.2 at least, which is Python's own lower limit."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return {"enabled": False, "ciphers": CIPHERS}
    files = {"certfile": str(settings.tls_certificate.absolute()), "keyfile": str(settings.tls_key.absolute())}
    return {"enabled": True, "ciphers": CIPHERS, **files}


def check_certificate(settings: Settings) -> None:
    """Raise ``InputRefusedError`` unless the certificate and its key can be used, or none is set.

    The server opens both again by their paths, because Python's TLS takes no open files. That is accepted: every folder
    on the way was checked, so that nobody but these folders' owners can replace them meanwhile.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return
    _check_file(_CERTIFICATE, settings.tls_certificate)
    _check_file(_KEY, settings.tls_key)
    _check_pair(settings.tls_certificate, settings.tls_key)


def _check_file(name: str, path: Path) -> None:
    required = "a PEM file with a certificate" if name == _CERTIFICATE else "a PEM file with a private key"
    try:
        written = read_given(path, secret=name == _KEY)
    except FileRefusedError as refused:
        raise _refused(name, required, f"one that can't be trusted: {refused}") from None
    except OSError as error:
        raise _refused(name, required, f"a file that can't be read: {error.strerror}") from None
    if _MARKS[name] not in written:
        raise _refused(name, required, "a file of another kind")


def _check_pair(certificate: Path, key: Path) -> None:
    """Load both as a worker will; a key with a password can't be used."""
    encrypted = False

    def no_password() -> str:
        nonlocal encrypted
        encrypted = True
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, no_password)
    except (ssl.SSLError, ValueError) as error:
        if encrypted:
            raise _refused(_KEY, "a private key without a password", "one with a password") from None
        reason = error.reason if isinstance(error, ssl.SSLError) else None
        if reason == "KEY_VALUES_MISMATCH":
            raise _refused(_KEY, f"the private key of the certificate in {_CERTIFICATE}", "another one's") from None
        found = f"a pair that is damaged or too weak ({reason or 'no reason given'})"
        raise _refused(_CERTIFICATE, f"a certificate that can be used with the key in {_KEY}", found) from None


def _refused(name: str, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem(name, None, None, required, found)])

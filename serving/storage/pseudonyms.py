"""The service's secret: the key with which patient references, API keys and the log's chain are hashed.

Anyone who has it can find a known reference in the log, and can repair the chain after a change. So it has its own
file, apart from the database, and is never shown. A key is derived from it for each purpose.
"""

import hmac
import re
import secrets
from pathlib import Path
from typing import NoReturn, Self

from serving.contract.failures import FileRefusedError, SecretRefusedError
from serving.storage.secure_files import place_private_file
from serving.storage.trusted_files import read_given

__all__ = ["SECRET_BYTES", "Secret", "SecretRefusedError"]

SECRET_BYTES = 32
_WRITTEN = re.compile(rb"[0-9a-f]{%d}\n?" % (2 * SECRET_BYTES))


class Secret:
    """32 random bytes, and the keyed hashes (HMAC-SHA-256, as 64 hexadecimal digits) made with them."""

    __slots__ = ("_keys", "_value")

    def __init__(self, value: bytes) -> None:
        """Raises ``ValueError`` unless ``value`` has 32 bytes."""
        if len(value) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes")
        self._value = value
        self._keys: dict[str, bytes] = {}

    @classmethod
    def load(cls, path: Path) -> Self:
        """The secret in a file; raises ``SecretRefusedError``."""
        try:
            written = read_given(path, secret=True)
        except FileRefusedError as refused:
            raise SecretRefusedError(f"the secret is refused: {refused}") from None
        except FileNotFoundError:
            raise SecretRefusedError(
                f"there is no secret at {path}: set KAP_SECRET_FILE to the file that the log was created with, or "
                "KAP_STATE to the service's folder"
            ) from None
        except OSError as error:
            raise SecretRefusedError(f"the secret at {path} can't be read: {error.strerror}") from None
        if not _WRITTEN.fullmatch(written):
            raise SecretRefusedError(
                f"the file {path} is not a secret: it must have {2 * SECRET_BYTES} hexadecimal digits"
            )
        return cls(bytes.fromhex(written.decode("ascii")))

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The secret in a file, which is made (mode 0600) if it is missing; raises ``SecretRefusedError``."""
        try:
            place_private_file(path, lambda new: _write(new, secrets.token_hex(SECRET_BYTES)))
        except OSError as error:
            raise SecretRefusedError(f"the secret can't be made at {path}: {error.strerror}") from None
        return cls.load(path)

    def patient(self, ref: str) -> str:
        """The pseudonym of a patient reference: always the same, and useless without the secret."""
        return self.mac("patient", ref.encode("utf-8", "surrogatepass"))

    def mac(self, purpose: str, data: bytes) -> str:
        """The keyed hash of ``data`` for a purpose, in hexadecimal; hashes for different purposes are unrelated."""
        return self.digest(purpose, data).hex()

    def digest(self, purpose: str, data: bytes) -> bytes:
        """The 32 bytes of the keyed hash of ``data`` for a purpose."""
        key = self._keys.get(purpose)
        if key is None:
            key = self._keys[purpose] = hmac.digest(self._value, b"kap-outcomes/" + purpose.encode(), "sha256")
        return hmac.digest(key, data, "sha256")

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied or pickled")


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="ascii")

"""Signs a served copy with OpenSSF Model Signing: by a key, by a key and its certificate, or by a PKCS#11 token.

`models.signature` says which files the signature covers, and verifies it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from models.signature import NOT_SIGNED, SIGNATURE
from training.decisions.keys import PASSPHRASE, needs_passphrase

TOKEN = "pkcs11:"  # noqa: S105 - how the address of a key in hardware begins
_KEY = "a private key in PEM on one of the curves P-256, P-384 and P-521, such as openssl ecparam -genkey makes"
_EXTRA = "model-signing[pkcs11], which is not installed because a part of it is under the GPL: pip install it first"


@dataclass(frozen=True)
class CopySigner:
    """Who signs a copy: the file of a key, or the ``pkcs11:`` address of one in hardware.

    With a ``certificate`` the signature names its owner instead of the key; ``chain`` are the certificates between it
    and an authority that others trust.
    """

    key: str
    certificate: Path | None = None
    chain: tuple[Path, ...] = ()

    def prepared(self) -> Callable[[Path], None]:
        """What signs a folder; raises ``InputRefusedError`` for a key or certificate that can't."""
        from model_signing import hashing, signing

        covered, config = hashing.Config(), signing.Config()  # type: ignore[no-untyped-call]  # the library's gap
        covered.set_ignored_paths(paths=NOT_SIGNED, ignore_git_paths=False)
        config.set_hashing_config(covered)
        self._use(config)
        return lambda folder: config.sign(folder, folder / SIGNATURE)

    def _use(self, config: Any) -> None:
        try:
            if self.key.startswith(TOKEN):
                return self._use_token(config)
            if self.certificate is None:
                secret = os.environ.get(PASSPHRASE) if needs_passphrase(Path(self.key)) else None
                config.use_elliptic_key_signer(private_key=self.key, password=secret.encode() if secret else None)
            else:
                named = {"signing_certificate": self.certificate, "certificate_chain": self._chain()}
                config.use_certificate_signer(private_key=self.key, **named)
        except TypeError:
            required = f"its passphrase in {PASSPHRASE}, or a key without one beside a certificate"
            raise _refused("--sign", required, "a key with a passphrase") from None
        except (OSError, ValueError, AttributeError) as error:
            about_certificate = self.certificate is not None and "certificate" in str(error)
            column, required = (
                ("--sign-certificate", "the certificate of the key, in PEM") if about_certificate else ("--sign", _KEY)
            )
            raise _refused(column, required, "another file, or none that can be read") from None

    def _use_token(self, config: Any) -> None:
        try:
            if self.certificate is None:
                config.use_pkcs11_signer(pkcs11_uri=self.key)
            else:
                named = {"signing_certificate": self.certificate, "certificate_chain": self._chain()}
                config.use_pkcs11_certificate_signer(pkcs11_uri=self.key, **named)
        except RuntimeError:
            raise _refused("--sign", _EXTRA, "a key in hardware") from None
        except Exception:  # noqa: BLE001 - the drivers of tokens raise their own
            required = "the address of a key on a token that is there, with its module and its PIN"
            raise _refused("--sign", required, "an address that opens none") from None

    def _chain(self) -> tuple[Path, ...]:
        """The library takes no empty chain; the certificate itself adds nothing to it."""
        return self.chain or tuple(filter(None, [self.certificate]))


def _refused(column: str, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("signature", None, column, required, found)])

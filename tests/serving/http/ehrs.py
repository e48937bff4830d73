"""EHRs for tests: a key pair, a JWK Set, an issuer file, and tokens that are right unless a test changes them."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISS, NAME, KID = "https://ehr.example/", "ward-3", "key-1"
PUBLIC_URL = "https://kap.example/base"
Jwk = dict[str, Any]


@dataclass(frozen=True)
class SigningKey:
    """A key pair of an EHR."""

    algorithm: str
    private: Any
    kid: str = KID

    def jwk(self, **changes: Any) -> Jwk:
        """The public key as a JWK; a changed part of ``None`` is left out."""
        make = ECAlgorithm.to_jwk if self.algorithm.startswith("ES") else RSAAlgorithm.to_jwk
        made = {**json.loads(make(self.private.public_key())), "kid": self.kid, "use": "sig", "alg": self.algorithm}
        return {name: value for name, value in (made | changes).items() if value is not None}


def elliptic(algorithm: str = "ES384", kid: str = KID) -> SigningKey:
    curve = ec.SECP384R1() if algorithm == "ES384" else ec.SECP256R1()
    return SigningKey(algorithm, ec.generate_private_key(curve), kid)


def with_rsa(algorithm: str = "RS384", bits: int = 2048) -> SigningKey:
    return SigningKey(algorithm, rsa.generate_private_key(65537, bits))


def key_set(*keys: Jwk) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


@dataclass(frozen=True)
class Ehr:
    """An EHR that signs tokens."""

    key: SigningKey = field(default_factory=elliptic)
    iss: str = ISS

    def claims(self, path: str, **changes: Any) -> dict[str, Any]:
        """The claims of a token that opens an address now; a changed claim of ``None`` is left out."""
        now = int(time.time())
        made = {
            "iss": self.iss,
            "aud": PUBLIC_URL + path,
            "iat": now,
            "exp": now + 120,
            "jti": str(uuid4()),
        }
        return {name: value for name, value in (made | changes).items() if value is not None}

    def token(self, path: str, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """A signed token."""
        return jwt.encode(
            self.claims(path, **changes),
            self.key.private,
            algorithm=self.key.algorithm,
            headers={"kid": self.key.kid, **(header or {})},
        )


def write_issuers(folder: Path, ehr: Ehr, more: str = "") -> Path:
    """An issuer file with one EHR, whose keys are in a file beside it."""
    (folder / "keys.json").write_bytes(key_set(ehr.key.jwk()))
    path = folder / "issuers.toml"
    path.write_text(
        f'[[issuer]]\niss = "{ehr.iss}"\nname = "{NAME}"\njwks_file = "keys.json"\n'
        f'algorithms = ["{ehr.key.algorithm}"]\n{more}',
        encoding="utf-8",
    )
    for file in (path, folder / "keys.json"):
        file.chmod(0o644)
    return path

"""The EHR's key pair, made anew at every start, and the tokens that it signs for each call (CDS Hooks 2.0, "JWT")."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ALGORITHM = "ES384"
VALID_SECONDS = 300
"""At most five minutes, as the specification recommends."""


@dataclass(frozen=True)
class SignedToken:
    """A token for an ``Authorization`` header, and its parts without the signature, for people to read."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class EhrSigningKey:
    """A private key on the curve P-384 and its id."""

    issuer: str
    key: ec.EllipticCurvePrivateKey
    key_id: str

    @classmethod
    def new(cls, issuer: str) -> "EhrSigningKey":
        """A new key for an issuer."""
        return cls(issuer, ec.generate_private_key(ec.SECP384R1()), uuid.uuid4().hex)

    def key_set(self) -> str:
        """The public key as a JWK Set, as JSON."""
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": self.key_id, "use": "sig", "alg": ALGORITHM}]}, indent=2)

    def token(self, audience: str) -> SignedToken:
        """A token for one call of an address."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "iat": now,
            "exp": now + VALID_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self.key_id}
        return SignedToken(jwt.encode(claims, self.key, ALGORITHM, headers=header), header, claims)

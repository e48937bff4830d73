"""The rank of each new value among the reference and the earlier new values.

If the new patients are drawn like those of the reference, these ranks are uniform on (0, 1) and independent, for any
distribution and any size of the reference. The e-processes test this hypothesis. Sources: Vovk, Nouretdinov &
Gammerman 2003, Testing exchangeability on-line, ICML; Vovk 2021, doi:10.1214/20-STS817.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats


def ranks(counts: Floats, bins: NDArray[np.intp], ties: Floats) -> Floats:
    """The rank of each new value, shape (n,): the share below it plus ``ties`` (n,) times the share in its own bin.

    ``counts`` (bins,) are the reference's, ``bins`` (n,) those of the new values in order of arrival; each value counts
    itself. ``ties`` are uniform on (0, 1) and independent of the values.
    """
    number = np.arange(len(bins))
    known = counts + np.cumsum(np.eye(len(counts))[bins], axis=0)
    own = known[number, bins]
    up_to = np.cumsum(known, axis=1)
    return np.asarray((up_to[number, bins] - own + ties * own) / up_to[:, -1])


def ties(prediction_ids: Sequence[str], check: str) -> Floats:
    """A number per prediction that breaks ties in a check, from a hash of its random id.

    The same log gives the same numbers, so that an audit finds the same evidence.
    """
    salt = f"{check}\0".encode()
    drawn = b"".join(hashlib.blake2b(salt + key.encode(), digest_size=8).digest() for key in prediction_ids)
    whole = np.frombuffer(drawn, dtype="<u8") >> np.uint64(11)
    return np.asarray((whole.astype(np.float64) + 0.5) / 2.0**53)

"""How each new value ranks among the reference and the new values before it.

As long as the new patients are drawn like those of the reference, these ranks are uniform on (0, 1) and independent,
whatever the distribution and however few the reference's patients: nothing about the reference is taken as known but
its counts. That is what every bet on a change is evaluated against. Source: Vovk, Nouretdinov & Gammerman 2003, Testing
exchangeability on-line, ICML; Vovk 2021, doi:10.1214/20-STS817.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats


def ranks(counts: Floats, bins: NDArray[np.intp], ties: Floats) -> Floats:
    """The rank of each new value, shape (n,): the share below it plus ``ties`` (n,) times the share in its own bin.

    ``counts`` (bins,) are the reference's, ``bins`` (n,) those of the new values in the order of their coming; each
    is counted with itself. ``ties`` are uniform on (0, 1) and have nothing to do with the values.
    """
    number = np.arange(len(bins))
    come = np.zeros((len(bins), len(counts)))
    come[number, bins] = 1.0
    known = counts + np.cumsum(come, axis=0)
    own = known[number, bins]
    up_to = np.cumsum(known, axis=1)
    return np.asarray((up_to[number, bins] - own + ties * own) / up_to[:, -1])


def ties(prediction_ids: Sequence[str], check: str) -> Floats:
    """A number per prediction that breaks ties in a check: drawn at random once, as the ids of predictions are.

    The same log gives the same numbers, so that an audit comes to the same evidence.
    """
    salt = f"{check}\0".encode()
    drawn = b"".join(hashlib.blake2b(salt + key.encode(), digest_size=8).digest() for key in prediction_ids)
    whole = np.frombuffer(drawn, dtype="<u8") >> np.uint64(11)
    return np.asarray((whole.astype(np.float64) + 0.5) / 2.0**53)

"""Daily doses of benzodiazepines as the dose of diazepam with the same effect."""

from collections.abc import Mapping
from types import MappingProxyType

SAME_AS_10_MG_DIAZEPAM: Mapping[str, float] = MappingProxyType(
    {
        "alprazolam": 0.5,
        "bromazepam": 5.5,
        "chlordiazepoxide": 25.0,
        "clobazam": 20.0,
        "clonazepam": 0.5,
        "clorazepate": 15.0,
        "diazepam": 10.0,
        "flunitrazepam": 1.0,
        "flurazepam": 22.5,
        "loprazolam": 1.5,
        "lorazepam": 1.0,
        "lormetazepam": 1.5,
        "nitrazepam": 10.0,
        "oxazepam": 20.0,
        "prazepam": 15.0,
        "temazepam": 20.0,
        "zolpidem": 20.0,
        "zopiclone": 15.0,
    }
)
"""Milligrams of each drug that count as 10 mg of diazepam: Ashton, Benzodiazepines: how they work and how to withdraw
(2002), table of equivalents, the middle where it gives a range; zolpidem and zopiclone, which it lists too, act alike
[recalled]. Other tables differ by a factor of two for some drugs, so the dose is a rough covariate."""


def diazepam_mg(drug: str, mg: float) -> float:
    """The dose of diazepam in mg with the effect of a dose of a drug in mg; KeyError for a drug not in the table.

    Example: 1 mg of lorazepam counts as 10 mg of diazepam.
    """
    return mg * 10.0 / SAME_AS_10_MG_DIAZEPAM[drug.strip().casefold()]

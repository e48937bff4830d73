"""Which features the candidates see: the catalogue without those that a training's settings leave out.

A feature left out counts as never recorded: it is NaN for every patient, so that no learner, refit or applicability
domain has it. The rows of the service still have it, and no answer depends on it.
"""

from dataclasses import replace

import numpy as np

from features.build import FeatureRows
from features.catalogue import Feature, catalogue, category_features
from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError, Problem
from features.records.timeline import Mask
from models.relapse import ONE_VARIABLE as RELAPSE_VARIABLE
from models.remission import ONE_VARIABLE as REMISSION_VARIABLE
from training.config import TrainingConfig
from training.settings.file import nearest


def excluded_features(protocol: Protocol, config: TrainingConfig) -> Mask:
    """Flags of the features left out, in the order of the catalogue.

    Raises ``InputRefusedError`` for a name that the catalogue lacks, if nothing is left, and for the feature of the
    candidate one_variable, which would then be another candidate.
    """
    declared = catalogue(protocol)
    only, without = (
        np.any([_named(protocol, declared, key, name) for name in names] or [np.zeros(len(declared), bool)], axis=0)
        for key, names in (("only", config.features.only), ("exclude", config.features.exclude))
    )
    excluded = without | (~only if config.features.only else False)
    if excluded.all():
        raise InputRefusedError([Problem("settings", None, "features", "at least one feature", "none is left")])
    if "one_variable" in config.candidates:
        needed = {RELAPSE_VARIABLE, *([] if protocol.remission.at_landmark else [REMISSION_VARIABLE])}
        lost = [one.name for one, out in zip(declared, excluded, strict=True) if out and one.name in needed]
        if lost:
            required = f"{' and '.join(lost)} to stay, or candidates without one_variable, which is made of it"
            raise InputRefusedError([Problem("settings", None, "features", required, "left out")])
    return np.asarray(excluded, dtype=np.bool_)


def without_excluded(features: FeatureRows, protocol: Protocol, config: TrainingConfig) -> FeatureRows:
    """The rows as the candidates see them; the same object if nothing is left out."""
    excluded = excluded_features(protocol, config)
    if not excluded.any():
        return features
    return replace(features, values=np.where(excluded, np.nan, features.values))


def used_features(protocol: Protocol, config: TrainingConfig) -> tuple[Feature, ...]:
    """The catalogue, in which a feature left out has no limit beyond which a patient gets no answer."""
    excluded = excluded_features(protocol, config)
    return tuple(
        replace(one, outside_above=None) if out else one for one, out in zip(catalogue(protocol), excluded, strict=True)
    )


def _named(protocol: Protocol, declared: tuple[Feature, ...], key: str, name: str) -> Mask:
    """Flags of the features of a name: a feature, a group, or a category with a feature for each of its levels."""
    wanted = name.strip().casefold().replace("_", " ")
    levels = next((found for each, found in category_features(protocol).items() if each == name.strip()), ())
    flags = np.array(
        [wanted in (one.name.replace("_", " "), one.group) or one.name in levels for one in declared], dtype=np.bool_
    )
    if not flags.any():
        groups = dict.fromkeys(one.group.replace(" ", "_") for one in declared)
        known = [*groups, *category_features(protocol), *(one.name for one in declared)]
        required = f"a feature (features/README.md), a group ({', '.join(groups)}) or a category"
        found = f"a name that the catalogue lacks{nearest(name, known)}"
        raise InputRefusedError([Problem("settings", None, f"features.{key}", required, found)])
    return flags

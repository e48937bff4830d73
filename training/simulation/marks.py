"""The marks of a synthetic cohort in its data, which a change of protocol does not remove."""

from features.records.cohort import Cohort

PATIENT_MARK = "SYN-"
SITE_MARK = "synthetic-site-"
PROTOCOL_MARK = "kap-synthetic"


def is_synthetic(cohort: Cohort) -> bool:
    """Whether any patient, any site or the cohort's own protocol has the simulator's mark.

    For a cohort that was read under a model's protocol use `has_synthetic_patients`.
    """
    return cohort.protocol.name.startswith(PROTOCOL_MARK) or has_synthetic_patients(cohort)


def has_synthetic_patients(cohort: Cohort) -> bool:
    """Whether any patient or site has the simulator's mark; one made-up patient makes the whole cohort synthetic."""
    return any(name.startswith(SITE_MARK) for name in cohort.site_names) or any(
        name.startswith(PATIENT_MARK) for name in cohort.patient_ids.tolist()
    )

"""How a synthetic cohort is told from a real one: by marks in its data, which a change of protocol does not remove."""

from features.records.cohort import Cohort

PATIENT_MARK = "SYN-"
SITE_MARK = "synthetic-site-"
PROTOCOL_MARK = "kap-synthetic"


def is_synthetic(cohort: Cohort) -> bool:
    """Whether any patient, any site or the cohort's own protocol carries the mark of the simulator.

    Of a cohort that was read under a model's protocol, which is not its own, ask `has_synthetic_patients`.
    """
    return cohort.protocol.name.startswith(PROTOCOL_MARK) or has_synthetic_patients(cohort)


def has_synthetic_patients(cohort: Cohort) -> bool:
    """Whether any patient or any site carries the mark of the simulator.

    One made-up patient among real ones makes the whole cohort synthetic.
    """
    return any(name.startswith(SITE_MARK) for name in cohort.site_names) or any(
        name.startswith(PATIENT_MARK) for name in cohort.patient_ids.tolist()
    )

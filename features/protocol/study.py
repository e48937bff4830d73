"""What a study is about, in the words that reports and served texts use: purpose, condition, treatment, population.

A protocol declares it in the table ``[study]``. KAP's own words are the default of KAP's own protocols only: for
another study that declares nothing, texts stay neutral, and the reporting standards ask its authors.
"""

from dataclasses import dataclass, fields

KAP_NAMES = ("kap", "kap-synthetic")
"""Names of the protocols that are KAP's: the default one, and that of the synthetic cohort."""
LONGEST_TEXT = 600
"""Characters of a text of ``[study]``, at the most: each stands on the first page of a report [judgement]."""


@dataclass(frozen=True)
class StudyDescription:
    """The texts of ``[study]``; an empty one is not declared.

    ``purpose`` is a sentence about the intended use. The others complete a sentence: ``condition`` and ``treatment``
    have no article of their own unless they need one ("an anxiety disorder"), ``population`` says who is treated and
    ``setting`` where.
    """

    purpose: str = ""
    condition: str = ""
    treatment: str = ""
    population: str = ""
    setting: str = ""

    @property
    def declared(self) -> dict[str, str]:
        """The texts that are declared, by name."""
        return {name: text for name, text in vars(self).items() if text}


KAP_STUDY = StudyDescription(
    purpose="To inform a clinician who plans ketamine-assisted psychotherapy of an anxiety disorder about the "
    "probability of remission and of relapse after it.",
    condition="an anxiety disorder",
    treatment="ketamine-assisted psychotherapy",
    population="adults who begin ketamine-assisted psychotherapy for an anxiety disorder",
    setting="clinics that offer ketamine-assisted psychotherapy",
)
"""The words of KAP's own protocols."""
NEUTRAL_STUDY = StudyDescription(
    purpose="To inform a clinician who plans the treatment of this study about the probability of remission and of "
    "relapse after it.",
    condition="the condition of this study",
    treatment="the treatment of this study",
    population="patients like those of this study",
    setting="the setting of this study",
)
"""The words for a study that declares none."""
STUDY_TEXTS = tuple(field.name for field in fields(StudyDescription))
"""The keys of ``[study]``."""


def described_study(name: str, declared: StudyDescription | None) -> StudyDescription:
    """The words for a protocol of a name: those declared, then KAP's for KAP's own protocol, else neutral ones.

    A study that declares its treatment but no purpose gets a purpose with its own treatment.
    """
    given = declared.declared if declared else {}
    if name in KAP_NAMES and not given.keys() & {"condition", "treatment"}:
        return StudyDescription(**vars(KAP_STUDY) | given)
    words = vars(NEUTRAL_STUDY) | given
    if "treatment" in given and "purpose" not in given:
        words["purpose"] = NEUTRAL_STUDY.purpose.replace(NEUTRAL_STUDY.treatment, given["treatment"])
    return StudyDescription(**words)

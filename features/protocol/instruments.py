"""Rating scales: range, severity bands, remission and relapse cut-offs, reliable change, and each number's source.

Numbers carry the tag of their evidence: "seen" in the cited source, "recalled" (a convention not verified), or
"judgement" (ours). No score is converted from one scale to another.
"""

from features.protocol.instrument import Instrument
from features.protocol.later_instruments import LATER_DEPRESSION_SCALES, LATER_INSTRUMENTS

__all__ = [
    "DEPRESSION_SCALES",
    "FIRST_INSTRUMENTS",
    "INSTRUMENTS",
    "LATER_DEPRESSION_SCALES",
    "LATER_INSTRUMENTS",
    "SUICIDAL_THOUGHTS_SCALES",
    "Instrument",
]

_FIRST = (
    Instrument(
        "gad7",
        "Generalised Anxiety Disorder scale, 7 items",
        minimum=0,
        maximum=21,
        remission_at_most=4,
        relapse_at_least=10,
        reliable_change=6,
        severity_bands=((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "severe")),
        source="range, bands and case cut-off 10: Spitzer 2006 [seen]; remission below 5: Hull 2022 [seen]; "
        "reliable change 6: reliable change index of the GAD-7, n=448 [seen]; MCID 4: Toussaint 2020 [seen]",
    ),
    Instrument(
        "hama",
        "Hamilton Anxiety Rating Scale",
        minimum=0,
        maximum=56,
        remission_at_most=7,
        relapse_at_least=15,
        reliable_change=4,
        severity_bands=((0, "none or minimal"), (8, "mild"), (15, "moderate"), (24, "severe")),
        source="bands and remission 7: Matza 2010 [seen]; relapse 15: Allgulander 2006 [seen]; "
        "reliable change 4: [recalled, low]",
    ),
    Instrument(
        "lsas",
        "Liebowitz Social Anxiety Scale, self-report",
        minimum=0,
        maximum=144,
        remission_at_most=35,
        relapse_at_least=36,
        reliable_change=10,
        severity_bands=((0, "none"), (30, "social anxiety"), (60, "generalised")),
        source="range [recalled]; bands: Mennin 2002 [seen]; remission 35 (self-report): von Glischinski 2018 [seen]; "
        "relapse: rise of 10 (Montgomery 2005 [seen]) ending above the remission cut-off [judgement]",
    ),
    Instrument(
        "pdss",
        "Panic Disorder Severity Scale",
        minimum=0,
        maximum=28,
        remission_at_most=5,
        relapse_at_least=8,
        reliable_change=4,
        severity_bands=((0, "normal"), (2, "borderline"), (6, "slight"), (10, "moderate"), (14, "marked")),
        source="range [recalled]; bands (without agoraphobia) and remission 5: Furukawa 2009 [seen]; "
        "relapse 8 and change 4: [judgement]",
    ),
    Instrument(
        "pswq",
        "Penn State Worry Questionnaire",
        minimum=16,
        maximum=80,
        remission_at_most=44,
        relapse_at_least=45,
        reliable_change=9,
        source="range [recalled]; remission below 45: cut-off of Fresco 2003 [seen], as remission [judgement]; "
        "relapse 45: caseness [recalled]; reliable change 9: 7-10 [recalled, low]",
    ),
    Instrument(
        "bai",
        "Beck Anxiety Inventory",
        minimum=0,
        maximum=63,
        remission_at_most=7,
        relapse_at_least=16,
        reliable_change=10,
        severity_bands=((0, "minimal"), (8, "mild"), (16, "moderate"), (26, "severe")),
        source="range, bands, remission 7 [recalled]; relapse 16: lower edge of moderate [judgement]; "
        "reliable change 10 [recalled, low]",
    ),
    Instrument(
        "oasis",
        "Overall Anxiety Severity and Impairment Scale",
        minimum=0,
        maximum=20,
        remission_at_most=5,
        relapse_at_least=8,
        reliable_change=5,
        severity_bands=((0, "below case"), (8, "case")),
        source="range, case 8, reliable change 5: German validation, n=1,398, doi:10.1038/s41598-023-33355-0 [seen]; "
        "remission 5 [recalled, low]",
    ),
    Instrument(
        "pcl5",
        "PTSD Checklist for DSM-5",
        minimum=0,
        maximum=80,
        remission_at_most=28,
        relapse_at_least=33,
        reliable_change=15,
        severity_bands=((0, "below probable PTSD"), (33, "probable PTSD")),
        source="range, probable PTSD 31-33: National Center for PTSD [seen]; remission 28 and reliable change 15: "
        "Marx 2022 [seen]",
    ),
    Instrument(
        "ybocs",
        "Yale-Brown Obsessive Compulsive Scale",
        minimum=0,
        maximum=40,
        remission_at_most=12,
        relapse_at_least=13,
        reliable_change=8,
        severity_bands=((0, "subclinical"), (8, "mild"), (16, "moderate"), (24, "severe"), (32, "extreme")),
        source="range [seen]; bands [recalled]; remission 12 and deterioration from 13: Elsner 2020 [seen]; "
        "reliable change 8: 35% of a score of 24 [judgement]",
    ),
    Instrument(
        "phq9",
        "Patient Health Questionnaire, 9 items",
        minimum=0,
        maximum=27,
        remission_at_most=4,
        relapse_at_least=10,
        reliable_change=6,
        severity_bands=((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "moderately severe"), (20, "severe")),
        source="remission below 5: McInnes 2022 [seen]; bands [seen in a repository]; caseness 10 and "
        "reliable change 6: NHS Talking Therapies [recalled]",
    ),
    Instrument(
        "bdi2",
        "Beck Depression Inventory II",
        minimum=0,
        maximum=63,
        remission_at_most=13,
        relapse_at_least=20,
        reliable_change=9,
        severity_bands=((0, "minimal"), (14, "mild"), (20, "moderate"), (29, "severe")),
        source="range, remission 13, relapse 20: the intake format; bands: manual [recalled]; "
        "reliable change 9 [recalled, low]",
    ),
    Instrument(
        "hamd17",
        "Hamilton Depression Rating Scale, 17 items",
        minimum=0,
        maximum=52,
        remission_at_most=7,
        relapse_at_least=16,
        reliable_change=5,
        severity_bands=((0, "normal"), (8, "mild"), (17, "moderate"), (24, "severe")),
        source="range, remission 7, relapse 16: the intake format; bands [recalled]; reliable change 5 [recalled, low]",
    ),
    Instrument(
        "madrs",
        "Montgomery-Asberg Depression Rating Scale",
        minimum=0,
        maximum=60,
        remission_at_most=10,
        relapse_at_least=22,
        reliable_change=6,
        severity_bands=((0, "normal"), (7, "mild"), (20, "moderate"), (35, "severe")),
        source="range and remission 10: the intake format; relapse 22: SUSTAIN-1 [recalled]; bands and "
        "reliable change 6 [recalled, low]",
    ),
    Instrument(
        "cgi_s",
        "Clinical Global Impression, severity",
        minimum=1,
        maximum=7,
        remission_at_most=2,
        relapse_at_least=4,
        reliable_change=2,
        severity_bands=((1, "normal"), (2, "borderline"), (3, "mild"), (4, "moderate"), (5, "marked"), (6, "severe")),
        source="range, remission 2, relapse 4 or a rise of 2 [recalled]",
    ),
    Instrument(
        "cadss",
        "Clinician-Administered Dissociative States Scale",
        minimum=0,
        maximum=92,
        remission_at_most=None,
        relapse_at_least=None,
        reliable_change=None,
        kind="experience",
        source="23 items of 0-4 [recalled]",
    ),
    Instrument(
        "meq30",
        "Mystical Experience Questionnaire, 30 items",
        minimum=0,
        maximum=150,
        remission_at_most=None,
        relapse_at_least=None,
        reliable_change=None,
        kind="experience",
        source="30 items of 0-5: MacLean 2012 [seen]",
    ),
)

FIRST_INSTRUMENTS: dict[str, Instrument] = {instrument.name: instrument for instrument in _FIRST}
"""The scales that are built in from the beginning, by name, outcomes first."""

INSTRUMENTS: dict[str, Instrument] = FIRST_INSTRUMENTS | LATER_INSTRUMENTS
"""The built-in scales by name."""

DEPRESSION_SCALES = ("phq9", "bdi2", "hamd17", "madrs")
"""Scales of depression, in the order in which one of them is taken as the second scale."""

SUICIDAL_THOUGHTS_SCALES = ("phq9", "bdi2")
"""Scales whose item 9 asks about thoughts of death or suicide, rated from 0 to 3: PHQ-9, BDI-II [recalled]."""

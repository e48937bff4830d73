"""A covariate that is a category: its levels in the protocol, and a feature for each of them."""

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import BUILT_IN, catalogue
from features.definitions.display_names import label_of
from features.protocol.columns import STUDY_COLUMNS
from features.protocol.document import Landmark, protocol_from_document
from features.protocol.problems import ProtocolRefusedError
from features.protocol_reading import parse_protocol
from tests.cohorts import cohort_of

RECRUITMENT = """[[covariates]]
name = "recruitment"
kind = "category"
levels = ["referred", "self_referred"]
meaning = "how the patient came"
"""


def refused(text: str) -> list[tuple[int, str | None]]:
    with pytest.raises(ProtocolRefusedError) as refusal:
        parse_protocol(text)
    return [((p.row or 0) + 1, p.column) for p in refusal.value.problems]


def with_levels(*levels: str) -> str:
    quoted = ", ".join(f'"{level}"' for level in levels)
    return RECRUITMENT.replace('["referred", "self_referred"]', f"[{quoted}]")


def added(text: str) -> dict[str, str]:
    """The features that the covariates of a protocol add, with their labels."""
    return {one.name: label_of(one.name, one.meaning) for one in catalogue(parse_protocol(text))[len(BUILT_IN) :]}


def test_a_category_is_a_column_with_its_levels_and_one_feature_for_each() -> None:
    protocol = parse_protocol(RECRUITMENT)
    column = protocol.tables["patients"][-1]
    assert (column.name, column.kind, column.categories) == ("recruitment", "category", ("referred", "self_referred"))
    assert added(RECRUITMENT) == {
        "recruitment_referred": "recruitment: referred",
        "recruitment_self_referred": "recruitment: self_referred",
    }
    assert {one.unit for one in catalogue(protocol)[len(BUILT_IN) :]} == {"no/yes"}
    assert protocol_from_document(protocol.document) == protocol


def test_each_feature_is_1_for_its_level_0_for_another_and_missing_where_nothing_is_recorded() -> None:
    cohort = cohort_of(
        RECRUITMENT,
        patients="""
            patient_id  recruitment
            a           referred
            b           self_referred
            c           -
        """,
    )
    rows = build_features(cohort, Landmark("day 0", day=0))
    levels = rows.values[:, -2:]
    np.testing.assert_array_equal(levels, [[1, 0], [0, 1], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("levels", "names"),
    [
        (("GP, by letter", "Self-Referred!"), ["recruitment_gp_by_letter", "recruitment_self_referred"]),
        (("a b", "a-b", "A_B!"), ["recruitment_a_b", "recruitment_a_b_2", "recruitment_a_b_3"]),
        (("+", "-"), ["recruitment_2", "recruitment_3"]),
        (("Ärztin", "Arzt"), ["recruitment_rztin", "recruitment_arzt"]),
    ],
)
def test_names_of_levels_are_safe_and_unique(levels: tuple[str, ...], names: list[str]) -> None:
    assert list(added(with_levels(*levels))) == names


def test_the_name_of_a_level_is_no_other_covariate_s_and_no_built_in_feature_s() -> None:
    other = '[[covariates]]\nname = "recruitment_referred"\nkind = "binary"\nmeaning = "m"\n'
    assert list(added(RECRUITMENT + other)) == [
        "recruitment_referred_2",
        "recruitment_self_referred",
        "recruitment_referred",
    ]
    sex = with_levels("female", "other").replace("recruitment", "sex_as_asked").replace("sex_as_asked", "sexes")
    assert list(added(sex)) == ["sexes_female", "sexes_other"]


def test_a_level_with_a_full_stop_is_named_whole() -> None:
    assert added(with_levels("St. Mary; ward 3", "home"))["recruitment_st_mary_ward_3"] == (
        "recruitment: St. Mary; ward 3"
    )


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (with_levels("one"), 4, "covariates.1.levels"),
        (with_levels("a", "a"), 4, "covariates.1.levels"),
        (with_levels("a", "A"), 4, "covariates.1.levels"),
        (with_levels("a", " "), 4, "covariates.1.levels"),
        (with_levels("a", "b "), 4, "covariates.1.levels"),
        (with_levels("a", "b" * 101), 4, "covariates.1.levels"),
        (with_levels("a", "b").replace('"b"', "3"), 4, "covariates.1.levels"),
        (RECRUITMENT.replace('levels = ["referred", "self_referred"]\n', ""), 1, "covariates.1"),
        (RECRUITMENT + "minimum = 0\n", 1, "covariates.1"),
        (RECRUITMENT.replace('"category"', '"binary"'), 4, "covariates.1.levels"),
        (RECRUITMENT.replace('"recruitment"', '"diagnosis"'), 2, "covariates.1.name"),
        *((RECRUITMENT.replace('"recruitment"', f'"{name}"'), 2, "covariates.1.name") for name in STUDY_COLUMNS),
    ],
)
def test_a_category_that_can_t_be_read_is_refused_at_its_line(text: str, line: int, key: str) -> None:
    assert refused(text) == [(line, key)]
    assert parse_protocol(with_levels("a", "b" * 100)).covariates


def test_levels_keep_their_order_and_count_for_the_digest() -> None:
    one, other = parse_protocol(with_levels("b", "a")), parse_protocol(with_levels("a", "b"))
    assert one.covariates[0].levels == ("b", "a")
    assert one.digest != other.digest

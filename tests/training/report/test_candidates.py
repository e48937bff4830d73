"""How the report shows candidates: what was compared, on which side of the level each is, and what is missing."""

from functools import cache

from tests.training.evidence_examples import about, head, training_evidence
from training.evidence.document import Evidence, HeadEvidence
from training.report.content.blocks import Bullets
from training.report.facts import ReportContent
from training.report.page.methods import candidates_section
from training.report.page.tables import candidates_table


@cache
def some_head() -> HeadEvidence:
    """A head with four candidates, of which xgboost is the best."""
    return head("remission", "xgboost")


def rows_of(one: HeadEvidence, level: float = 0.1) -> list[tuple[str, ...]]:
    """The rows of a training with this head alone."""
    table = candidates_table(with_heads(one), level)
    return [tuple(row) for row in table.rows]


def test_a_p_value_just_below_the_level_of_the_choice_is_not_rounded_up_to_it() -> None:
    first, *others = some_head().candidates
    changed = [first.model_copy(update={"p": 0.09996}), *others]
    found = rows_of(some_head().model_copy(update={"candidates": changed}))
    assert [row[-1] for row in found] == ["0.09996", "<0.001", "0.023", "-"]


def with_heads(*heads: HeadEvidence) -> Evidence:
    """A training with one landmark that has these heads."""
    evidence = training_evidence()
    return evidence.model_copy(update={"landmarks": [evidence.landmarks[0].model_copy(update={"heads": list(heads)})]})


def notes_of(evidence: Evidence) -> list[str]:
    """The sentences where candidates are compared."""
    section = candidates_section(ReportContent(evidence, about()), ())
    return [item for block in section.blocks if isinstance(block, Bullets) for item in block.items]


def test_a_candidate_that_was_not_fitted_stands_there_with_the_reason_and_its_heads() -> None:
    quick = {"xgboost": "a quick training fits no trees"}
    constant = {"one_variable": "prior_failures does not differ"}
    remission = some_head().model_copy(update={"absent": quick | constant})
    relapse = head("relapse", "logistic").model_copy(update={"absent": quick})
    assert notes_of(with_heads(remission, relapse)) == [
        "Not fitted: gradient-boosted trees (XGBoost), for every head: a quick training fits no trees.",
        "Not fitted: a model of one variable, for remission before session 1: prior_failures does not differ.",
    ]


def test_a_candidate_for_research_only_stands_there_also_if_it_lost() -> None:
    forest = some_head().candidates[0].model_copy(update={"name": "forests:Forest", "research_only": "no ONNX form"})
    changed = some_head().model_copy(update={"candidates": [*some_head().candidates, forest]})
    assert changed.winner == "xgboost"
    (said,) = notes_of(with_heads(changed))
    assert said.startswith("Research only: forests:Forest, for remission before session 1: it was compared, but no")
    assert said.endswith("can be promoted: no ONNX form.")


def test_without_anything_to_say_there_is_no_list() -> None:
    assert notes_of(training_evidence()) == []

"""How the report shows the candidates of a head: what was compared, and on which side of the level each is."""

from functools import cache

from tests.training.evidence_examples import head, training_evidence
from training.evidence.document import HeadEvidence
from training.report.page.tables import candidates_table


@cache
def some_head() -> HeadEvidence:
    """A head with four candidates, of which xgboost is the best."""
    return head("remission", "xgboost")


def rows_of(one: HeadEvidence, level: float = 0.1) -> list[tuple[str, ...]]:
    """The rows of a training with this head alone."""
    evidence = training_evidence()
    landmark = evidence.landmarks[0].model_copy(update={"heads": [one]})
    table = candidates_table(evidence.model_copy(update={"landmarks": [landmark]}), level)
    return [tuple(row) for row in table.rows]


def test_a_p_value_just_below_the_level_of_the_choice_is_not_rounded_up_to_it() -> None:
    first, *others = some_head().candidates
    changed = [first.model_copy(update={"p": 0.09996}), *others]
    found = rows_of(some_head().model_copy(update={"candidates": changed}))
    assert [row[-1] for row in found] == ["0.09996", "<0.001", "0.023", "-"]

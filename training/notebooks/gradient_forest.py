"""A learner of one's own for the notebook `own_learner`: in a file, so that other processes can import it."""

from sklearn.ensemble import HistGradientBoostingClassifier


class GradientForest(HistGradientBoostingClassifier):  # type: ignore[misc]
    """Shallow boosted trees; they take missing values as they are.

    It has what every candidate for remission needs: ``fit(rows, answers, sample_weight)`` and ``predict_proba(rows)``.
    """

    def __init__(self, max_depth: int = 2, learning_rate: float = 0.05, max_iter: int = 60, random_state: int = 7):
        super().__init__(max_depth=max_depth, learning_rate=learning_rate, max_iter=max_iter, random_state=random_state)

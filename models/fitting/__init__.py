"""How scores are fitted: designs, penalised regression, boosted trees, and the search for their settings.

What answers a request imports nothing of this package.

Public names: `TrainingData`, `fit_logistic`, `fit_nothing`, `fit_one_variable`, `fit_xgboost`.
"""

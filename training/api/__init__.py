"""The Python interface for researchers, which `training` exports: a cohort, its frames, a training, figures, a model.

Public names: `CohortWarning`, `evaluate_predictions`, `feature_frame`, `load_model`, `outcome_frame`, `predict`,
`read_cohort`, `run_training`, `train`, `TrainingRequest`.
"""

"""Tasks, folds, candidates, the choice among them, refits and updates.

Public names: `CandidateFit`, `draw_within_sites`, `Folds`, `HeadFit`, `HeadUpdate`, `RelapseTask`, `RemissionTask`,
`Task`, `tasks_of`, `training_data_of`, `week_ends`, `with_competing`.
"""

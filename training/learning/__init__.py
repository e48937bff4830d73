"""Tasks, folds, candidates, the choice among them, refits and updates."""

"""The checks that stop a training, and who answers for one that failed."""

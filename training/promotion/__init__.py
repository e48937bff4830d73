"""Whether a version may become the champion: policy, checks and the decision."""

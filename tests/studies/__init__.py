"""Studies of the method on patients whose true probabilities are known; ``make study`` prints their tables."""

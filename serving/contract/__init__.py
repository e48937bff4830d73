"""What a request and an answer are, at which addresses, and how a refusal reads."""

"""What is known about a patient at the moment of prediction."""

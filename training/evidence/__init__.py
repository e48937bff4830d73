"""The recorded document: what a figure, a curve and the evidence of a landmark are made of."""

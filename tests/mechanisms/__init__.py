"""Mechanisms other than the product's own, to check the method with; nothing in the product imports them."""

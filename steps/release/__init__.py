"""A release as one transaction: what it consists of, how far it is, and the way back."""

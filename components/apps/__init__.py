"""The applications of the estate, one package or module each."""

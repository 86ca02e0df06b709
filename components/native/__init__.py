"""Resources of the estate's own provider (provider/), as thin typed classes."""

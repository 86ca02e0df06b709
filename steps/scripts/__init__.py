"""Programs that steps send into a container; each is one file that needs Python alone."""

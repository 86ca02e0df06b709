"""A preview that people understand: the engine's events turned into one short report."""

"""Rules that every stack must pass, as a CrossGuard pack; pure functions but for `__main__`."""

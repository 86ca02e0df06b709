"""What every provider in Python needs to speak to the engine; the stand-ins use it, too."""

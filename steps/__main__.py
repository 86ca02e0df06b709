"""Runs one step: `python -m steps <step>`; what it takes and gives is told in steps/command.py."""

from steps.loading import loaded

if __name__ == "__main__":
    loaded("steps.command").run()

"""What can go wrong around the engine, said so that a person can act on it."""


class OpsError(Exception):
    """An operation could not be carried out.

    Attributes:
        exit_code: what the command ends with.
    """

    def __init__(self, what: str, *, todo: str, exit_code: int = 1) -> None:
        """Keep what failed and what to do next."""
        super().__init__(f"{what}\nnext: {todo}")
        self.exit_code = exit_code

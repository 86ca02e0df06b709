"""Refusals, as the API words them."""

from __future__ import annotations


class ApiError(Exception):
    """A request is refused."""

    def __init__(self, status: int, message: str) -> None:
        """Take status and message."""
        super().__init__(message)
        self.status, self.message = status, message

    @property
    def body(self) -> dict[str, object]:
        """The answer's body."""
        return {"error": {"code": self.status, "message": self.message}}

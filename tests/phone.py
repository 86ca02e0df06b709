"""Somebody who is told over HTTP, and who keeps what was said."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from local.answering import Answering, serving


@dataclass
class Phone:
    """Somebody with an address of Apprise's `json://`.

    Attributes:
        password: of the address.
        port: where it listens.
        got: what it was sent.
        status: what it answers.
    """

    password: str
    port: int = 0
    got: list[dict[str, str]] = field(default_factory=list)
    status: HTTPStatus = HTTPStatus.OK

    @property
    def url(self) -> str:
        """The address, as it stands in `estate:alerts.urls`."""
        return f"json://ana:{self.password}@127.0.0.1:{self.port}/drift"


@contextmanager
def ringing(password: str) -> Iterator[Phone]:
    """Give somebody who listens while the block runs."""
    phone = Phone(password)

    class Handler(Answering):
        def do_POST(self) -> None:
            assert self.path.rstrip("/") == "/drift"
            phone.got.append(json.loads(self.sent()))
            self.reply(phone.status, {})

    with serving(Handler) as phone.port:
        yield phone

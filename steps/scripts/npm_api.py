"""The HTTP API of a Nginx Proxy Manager 2.15, as its administrator.

Logs in anew when a token has run out, makes the first user where there is none, and gives the
administrator another password where the one before still holds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from steps.scripts.npm_http import LIMIT_S, Http, NpmError, reason

if TYPE_CHECKING:
    from collections.abc import Sequence

CERTIFICATE_LIMIT_S = 960.0
"""The answer to a new certificate waits for the authority, 15 minutes at most."""

POLL_S = 1.0
OK = 200
EXPIRED = "token has expired"
STARTING = frozenset({502, 503, 504})


class Administrator(NamedTuple):
    """Who asks.

    Attributes:
        identity: e-mail address.
        secret: password.
        former: passwords of before, newest first.
        may_change: whether one of those that still holds is replaced, or only used.
    """

    identity: str
    secret: str
    former: Sequence[str] = ()
    may_change: bool = False


class Api:
    """One administrator's view of one NPM."""

    def __init__(self, url: str, who: Administrator, *, patience_s: float) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: of the API without `/api`.
            who: the administrator.
            patience_s: seconds in which one that does not answer may still be starting.
        """
        self._http = Http(url)
        self._who = who
        self._patience_s = patience_s

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what is at a path below /api.

        Raises:
            NpmError: it was refused.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: object, limit_s: float = LIMIT_S) -> Any:  # noqa: ANN401 - JSON
        """Create.

        Raises:
            NpmError: it was refused.
        """
        return self._ask("POST", path, body, limit_s)

    def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Change.

        Raises:
            NpmError: it was refused.
        """
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> None:
        """Delete.

        Raises:
            NpmError: it was refused.
        """
        self._ask("DELETE", path, None)

    def upload(self, path: str, files: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        """Send text files as a form.

        Raises:
            NpmError: it was refused.
        """
        return self._ask("POST", path, files, form=True)

    def log_in(self) -> None:
        """Get a token; make the administrator first when NPM has no user at all.

        Raises:
            NpmError: the password is wrong, or a second factor is asked for.
        """
        if not self._status().get("setup"):
            self._first_user()
        said = self._try(self._who.secret)
        if not said:
            return
        for former in self._who.former:
            if not self._try(former):
                if self._who.may_change:
                    body = {"type": "password", "current": former, "secret": self._who.secret}
                    self._ask("PUT", "/users/me/auth", body)
                return
        raise NpmError(
            f"NPM does not let {self._who.identity} in: {said}; its password there is another one "
            "than in the stack file"
        )

    def _try(self, secret: str) -> str:
        """Get a token by a password; return why there is none, or nothing.

        Raises:
            NpmError: a second factor is asked for.
        """
        body = {"identity": self._who.identity, "secret": secret}
        code, answer = self._http.send("POST", "/tokens", body)
        if isinstance(answer, dict) and answer.get("requires_2fa"):
            raise NpmError(
                f"{self._who.identity} has a second factor in NPM: give the estate a user without"
            )
        if code != OK or not isinstance(answer, dict) or "token" not in answer:
            return reason(code, answer)
        self._http.token = str(answer["token"])
        return ""

    def _first_user(self) -> None:
        body = {
            "name": "Administrator",
            "nickname": "Admin",
            "email": self._who.identity,
            "roles": ["admin"],
            "is_disabled": False,
            "auth": {"type": "password", "secret": self._who.secret},
        }
        code, answer = self._http.send("POST", "/users", body)
        # Somebody else may have been faster; then the login decides.
        if code != 201 and not self._status().get("setup"):  # noqa: PLR2004 - Created
            raise NpmError(f"NPM made no first user: {reason(code, answer)}")

    def _status(self) -> dict[str, Any]:
        """Return what NPM says of itself, waiting for one that is starting.

        Raises:
            NpmError: it does not answer as NPM does.
        """
        end = time.monotonic() + self._patience_s
        while True:
            try:
                code, answer = self._http.send("GET", "/", None)
                said = reason(code, answer)
            except NpmError as error:
                code, answer, said = 503, None, str(error)
            if isinstance(answer, dict) and answer.get("status") == "OK":
                return answer
            if code not in STARTING or time.monotonic() > end:
                raise NpmError(f"no NPM answers at {self._http.url}: {said}")
            time.sleep(POLL_S)

    def _ask(
        self, method: str, path: str, body: object, limit_s: float = LIMIT_S, *, form: bool = False
    ) -> Any:  # noqa: ANN401 - JSON
        if not self._http.token:
            self.log_in()
        code, answer = self._http.send(method, path, body, limit_s, form=form)
        if code == 401 or (code == 400 and EXPIRED in reason(code, answer).lower()):  # noqa: PLR2004
            self.log_in()
            code, answer = self._http.send(method, path, body, limit_s, form=form)
        if not 200 <= code < 300:  # noqa: PLR2004 - done
            raise NpmError(f"{method} {path}: {reason(code, answer)}")
        return answer

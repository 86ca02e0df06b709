"""Users, tokens and the first set-up."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Any

from . import schema
from .errors import ApiError

if TYPE_CHECKING:
    from .store import Store

WRONG = "Invalid email or password"
DAY_S = 86_400.0

Row = dict[str, Any]


class Users:
    """Who may do what; nobody is there at the beginning."""

    def __init__(self, store: Store, token_s: float = DAY_S) -> None:
        """Take the store, and how many seconds a token lasts."""
        self._store = store
        self.token_s = token_s
        self._tokens: dict[str, tuple[int, float]] = {}

    @property
    def is_setup(self) -> bool:
        """Whether there is a user."""
        return bool(self._store.all("user"))

    def create(self, body: object, token: str | None) -> Row:
        """Create a user; the first one needs no token and is an administrator."""
        if self.is_setup:
            self.demand(token)
        data = schema.demand(body, schema.NEW_USER)
        roles = data.get("roles", [])
        if not self.is_setup and "admin" not in roles:
            roles = [*roles, "admin"]
        auth = data.pop("auth", None)
        row = self._store.add("user", {**data, "roles": roles, "is_disabled": False, "avatar": ""})
        if auth:
            salt = secrets.token_hex(16)
            hashed = _hashed(str(auth["secret"]), salt)
            self._store.add("auth", {"user_id": row["id"], "salt": salt, "hash": hashed})
        return row

    def log_in(self, body: object) -> Row:
        """Return a token, or the challenge for a second factor.

        Raises:
            ApiError: user or password is wrong.
        """
        data = schema.demand(body, schema.CREDENTIALS)
        email = data["identity"].lower().strip()
        user = next((one for one in self._store.all("user") if one["email"] == email), None)
        if user is None:
            raise ApiError(400, WRONG)
        auth = next(one for one in self._store.all("auth") if one["user_id"] == user["id"])
        if not hmac.compare_digest(auth["hash"], _hashed(data["secret"], auth["salt"])):
            raise ApiError(400, WRONG)
        if user.get("second_factor"):
            return {"requires_2fa": True, "challenge_token": secrets.token_hex(16)}
        token, end = secrets.token_hex(32), time.time() + self.token_s
        self._tokens[token] = (user["id"], end)
        return {
            "token": token,
            "expires": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(end)),
        }

    def demand(self, token: str | None) -> int:
        """Return the id of the user behind a token.

        Raises:
            ApiError: there is none, or it has run out.
        """
        if not token:
            raise ApiError(403, "Permission Denied")
        user_id, end = self._tokens.get(token, (0, 0.0))
        if time.time() >= end:
            raise ApiError(400, "Token has expired")
        return user_id

    def change_secret(self, user_id: int, body: Row) -> bool:
        """Give a user another password, who has to know the present one.

        Raises:
            ApiError: the present one is wrong.
        """
        auth = next(one for one in self._store.all("auth") if one["user_id"] == user_id)
        if not hmac.compare_digest(auth["hash"], _hashed(str(body.get("current")), auth["salt"])):
            raise ApiError(400, "Current password is not correct")
        self._store.change("auth", auth["id"], {"hash": _hashed(str(body["secret"]), auth["salt"])})
        return True

    def ask_second_factor(self, email: str) -> None:
        """Have a user asked for a second factor from now on; a page of NPM does that."""
        for user in self._store.all("user"):
            if user["email"] == email:
                self._store.change("user", user["id"], {"second_factor": True})


def _hashed(secret: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), salt.encode(), 10_000).hex()

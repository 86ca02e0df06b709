"""What the errors of the libraries below mean: the one place that translates them.

Sources: docker.errors (SDK 7.1), httpx (0.28) and requests, which the SDK lets through.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker.errors as de
import httpx
import requests

from steps.errors import DockerError, HostError, StepError, WebError

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETRY = "Run the update again; if it fails the same way, look at the Docker daemon's log."
_DAEMON = "Check that Docker runs on the host and that the url of the host is right."
_SITE = "Check the address, the DNS record and the edge, then run the update again."
_TLS = "Check the certificate of the address and the certificate authority that is trusted."
_SETTINGS = "Correct the value in the stack file, then run the update again."
_BUG = "This is a fault of the program: report it with this message."

TRANSLATIONS: dict[type[Exception], tuple[type[StepError], str]] = {
    de.DockerException: (HostError, _DAEMON),
    de.APIError: (DockerError, _RETRY),
    de.NotFound: (DockerError, "Check that the object named above exists on this host."),
    de.ImageNotFound: (DockerError, "Check the image's name and digest, and the registry."),
    de.InvalidVersion: (DockerError, "Update Docker on the host: its API is too old."),
    de.InvalidRepository: (DockerError, _SETTINGS),
    de.InvalidConfigFile: (DockerError, "Repair the Docker client's config.json."),
    de.InvalidArgument: (DockerError, _SETTINGS),
    de.DeprecatedMethod: (DockerError, _BUG),
    de.TLSParameterError: (HostError, _TLS),
    de.NullResource: (DockerError, _BUG),
    de.ContainerError: (DockerError, _RETRY),
    de.StreamParseError: (DockerError, _RETRY),
    de.BuildError: (DockerError, _BUG),
    de.ImageLoadError: (DockerError, _RETRY),
    de.MissingContextParameter: (DockerError, _BUG),
    de.ContextAlreadyExists: (DockerError, _BUG),
    de.ContextException: (DockerError, _BUG),
    de.ContextNotFound: (DockerError, _BUG),
    requests.RequestException: (HostError, _DAEMON),
    httpx.HTTPError: (WebError, _SITE),
    httpx.RequestError: (WebError, _SITE),
    httpx.TransportError: (WebError, _SITE),
    httpx.TimeoutException: (WebError, _SITE),
    httpx.ConnectTimeout: (WebError, _SITE),
    httpx.ReadTimeout: (WebError, _SITE),
    httpx.WriteTimeout: (WebError, _SITE),
    httpx.PoolTimeout: (WebError, _SITE),
    httpx.NetworkError: (WebError, _SITE),
    httpx.ConnectError: (WebError, _SITE),
    httpx.ReadError: (WebError, _SITE),
    httpx.WriteError: (WebError, _SITE),
    httpx.CloseError: (WebError, _SITE),
    httpx.ProtocolError: (WebError, _SITE),
    httpx.LocalProtocolError: (WebError, _BUG),
    httpx.RemoteProtocolError: (WebError, _SITE),
    httpx.ProxyError: (WebError, "Check the proxy variables of this machine."),
    httpx.UnsupportedProtocol: (WebError, _SETTINGS),
    httpx.DecodingError: (WebError, _SITE),
    httpx.TooManyRedirects: (WebError, _SITE),
    httpx.HTTPStatusError: (WebError, _SITE),
    httpx.InvalidURL: (WebError, _SETTINGS),
    httpx.CookieConflict: (WebError, _BUG),
    httpx.StreamError: (WebError, _BUG),
    httpx.StreamConsumed: (WebError, _BUG),
    httpx.StreamClosed: (WebError, _BUG),
    httpx.ResponseNotRead: (WebError, _BUG),
    httpx.RequestNotRead: (WebError, _BUG),
}
"""Each library error → our error and what to do; a test keeps the table complete."""

ROOTS: tuple[type[Exception], ...] = (
    de.DockerException,
    de.StreamParseError,
    requests.RequestException,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
)
"""Every class of the table is one of these or below one of these."""


def translate(error: Exception, *, what: str, state: str) -> StepError:
    """Return our error for an error of a library.

    Args:
        error: One of `ROOTS`, or a class below.
        what: What the step was doing when it happened.
        state: What holds now.

    Raises:
        TypeError: The error is none of a library in the table.
    """
    for kind in type(error).__mro__:
        if kind in TRANSLATIONS:
            ours, todo = TRANSLATIONS[kind]
            why = f"{type(error).__name__}: {str(error) or 'no further text'}"
            return ours(what, why=why, state=state, todo=todo)
    message = f"{type(error).__name__} is not an error of a library in the table"
    raise TypeError(message)


@contextmanager
def translated(what: str, *, state: str) -> Iterator[None]:
    """Turn library errors inside the block into step errors.

    Args:
        what: What the block does, as a failed attempt: "cannot read service x".
        state: What holds when the block fails.

    Raises:
        StepError: The translation of a library's error.
    """
    try:
        yield
    except ROOTS as error:
        step_error: StepError = translate(error, what=what, state=state)
        raise step_error from error

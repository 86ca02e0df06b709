"""How the services of the ERP show that they serve; upstream has no healthcheck. Pure.

Each costs one process for a moment. `bash` reads and writes a socket by itself, so that no client
of Redis is needed in the image.
"""

from components.apps.erp.layout import (
    BACKEND_PORT,
    FRONTEND_PORT,
    REDIS_PORT,
    WEBSOCKET_PORT,
)
from components.swarm.service import Healthcheck


def websocket() -> Healthcheck:
    """Return the websocket's: any answer, because it has no page of its own."""
    ask = ["curl", "-s", "-o", "/dev/null", "-m", "4", f"http://127.0.0.1:{WEBSOCKET_PORT}/"]
    return Healthcheck(test=["CMD", *ask], timeout_s=5, start_period_s=60)


def backend() -> Healthcheck:
    """Return the backend's."""
    return _answers(BACKEND_PORT)


def frontend() -> Healthcheck:
    """Return the frontend's: an answer of the backend, through it.

    Its nginx looks up the backend's address at its own start alone. When the backend has moved, the
    answer is 502, and a new start of the frontend finds it.
    """
    return _answers(FRONTEND_PORT)


def _answers(port: int) -> Healthcheck:
    """Return a check that "no such site" passes: there may be none yet, and it asks for none."""
    url = f"http://127.0.0.1:{port}/api/method/ping"
    script = f"code=$(curl -s -o /dev/null -m 4 -w '%{{http_code}}' {url}); [ \"$code\" -lt 500 ]"
    return Healthcheck(test=["CMD", "sh", "-c", script], timeout_s=5, retries=3, start_period_s=60)


def worker() -> Healthcheck:
    """Return a worker's: the sign of life that it keeps in the queue, under its host's name."""
    return _queue("KEYS rq:worker:*$HOSTNAME*", '"$HOSTNAME"')


def scheduler() -> Healthcheck:
    """Return the scheduler's, which leaves no sign of life: that it could fill the queue."""
    return _queue("PING", "PONG")


def _queue(question: str, answer: str) -> Healthcheck:
    ask = f'exec 3<>/dev/tcp/redis-queue/{REDIS_PORT}; printf "{question}\\r\\nQUIT\\r\\n" >&3'
    return Healthcheck(
        test=["CMD", "bash", "-c", f"{ask}; grep -q {answer} <&3"],
        interval_s=15,
        timeout_s=5,
        retries=4,
        start_period_s=60,
    )

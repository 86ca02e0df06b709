"""How Postgres is started for the memory that it may use. Pure."""

_KIB = 2**10
_MAX_CONNECTIONS = 100
"""Postgres' own default, written down because the memory of a query is shared out among them."""
_SORTS = 3
"""Sorts and hashes that one connection may hold at a time, as PGTune reckons."""
_LEAST_WORK_MEM = 64 * _KIB
"""Postgres refuses less."""
_GONE_S = 10
"""Seconds until a query is ended whose client is gone, of a job that was stopped, say. By default
it would keep its locks for as long as it runs. Since Postgres 14."""
_MOST_MAINTENANCE = 2 * 2**30
"""More does not help an index or a vacuum, as PGTune reckons."""


def arguments(memory_limit: int) -> list[str]:
    """Return the server's command line: a quarter for its buffers, three for the system's cache.

    Args:
        memory_limit: bytes after which the task is ended.
    """
    buffers = memory_limit // 4
    sort = (memory_limit - buffers) // (_MAX_CONNECTIONS * _SORTS)
    settings = {
        "max_connections": str(_MAX_CONNECTIONS),
        "shared_buffers": _kib(buffers),
        "effective_cache_size": _kib(memory_limit - buffers),
        "work_mem": _kib(max(sort, _LEAST_WORK_MEM)),
        "maintenance_work_mem": _kib(min(memory_limit // 16, _MOST_MAINTENANCE)),
        "client_connection_check_interval": f"{_GONE_S}s",
    }
    given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ["postgres", *given]


def _kib(size: int) -> str:
    return f"{size // _KIB}kB"

"""What a drift check leaves alone, and who hears of what it finds."""

from .model import Listed, Model
from .types import AlertUrl, Ignored


class Drift(Model):
    """The drift check.

    Attributes:
        ignore: what may be there although nobody declared it, each as `kind:pattern`.
    """

    ignore: Listed[Ignored] = ()


class Alerts(Model):
    """Who is told, beside the one who looks.

    Attributes:
        urls: addresses in Apprise's form; they hold passwords and tokens.
    """

    urls: Listed[AlertUrl]

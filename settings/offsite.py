"""Copies off the machine, and how old copies and drills may get."""

from .duration import Duration
from .model import Model
from .types import BucketName, Kept, LongSecret, ObjectPath, Region, Secret, StoreUrl, Timespan


class OffsiteKept(Model):
    """How many snapshots stay: the newest of each day, week and month that has any.

    Attributes:
        daily: of days.
        weekly: of weeks.
        monthly: of months.
    """

    daily: Kept = 7
    weekly: Kept = 5
    monthly: Kept = 12


class Offsite(Model):
    """An S3 bucket that holds the copies of every application, encrypted.

    Attributes:
        endpoint: the store.
        bucket: has to be there.
        path: below it, one repository for each application; no other stack may use it.
        region: of the bucket; None asks the store, which the login has to be allowed.
        keep: how many snapshots stay.
    """

    endpoint: StoreUrl
    bucket: BucketName
    path: ObjectPath
    region: Region | None = None
    keep: OffsiteKept = OffsiteKept()

    def repository(self, application: str) -> str:
        """Return where an application's repository is, as restic takes it."""
        return f"s3:{self.endpoint}/{self.bucket}/{self.path}/{application}"


class OffsiteSecrets(Model):
    """Secrets of `estate:offsite`.

    Attributes:
        ACCESS_KEY: may read, write, list and delete in the bucket.
        SECRET_KEY: belongs to it.
        RESTIC_PASSWORD: encrypts all that is there; without it nothing can be read.
    """

    ACCESS_KEY: Secret
    SECRET_KEY: Secret
    RESTIC_PASSWORD: LongSecret

    def opened(self) -> dict[str, str]:
        """Return them in clear, as the jobs that use the store are given them."""
        return {
            "access_key": self.ACCESS_KEY.get_secret_value(),
            "secret_key": self.SECRET_KEY.get_secret_value(),
            "password": self.RESTIC_PASSWORD.get_secret_value(),
        }


class Copies(Model):
    """How old copies may get before `make health` alerts.

    Attributes:
        max_age: of the newest proven copy, here and off the machine.
        drill_age: of the last drill that went well.
    """

    max_age: Timespan = Duration(30 * 3600)
    drill_age: Timespan = Duration(100 * 24 * 3600)

"""What every settings model has in common.

A first, strict pass finds what is wrong with the shape of the stack file. When it finds something,
a second pass salvages what is valid, with `ABSENT` in the place of the rest, so that the rules that
compare one setting with another can still speak about the settings that are valid.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Strict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

SALVAGE = object()
"""Validation context of the second pass."""

Item = TypeVar("Item")

# A strict tuple refuses the list that JSON has; the items stay strict.
Listed = Annotated[tuple[Item, ...], Strict(strict=False)]


class Absent:
    """A setting that could not be read: false, empty, and so is everything below it."""

    def __getattr__(self, name: str) -> Self:
        """Answer for any field with itself.

        Raises:
            AttributeError: for the special names with which Python probes an object.
        """
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: object) -> Self:
        """Answer for any method with itself."""
        return self

    def __bool__(self) -> bool:
        """Count as false."""
        return False

    def __iter__(self) -> Iterator[object]:
        """Hold nothing."""
        return iter(())

    def __contains__(self, item: object) -> bool:
        """Hold nothing."""
        return False


ABSENT = Absent()


class Model(BaseModel):
    """A part of the stack file: frozen, strict, and without room for unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        validate_by_name=False,
        validate_by_alias=True,
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Keys that must not be here, each with the reason that its mistake gives."""

    @model_validator(mode="before")
    @classmethod
    def fill_with_absent(cls, data: object, info: ValidationInfo) -> object:
        """In the second pass, drop unknown keys and put `ABSENT` where a key is missing."""
        if info.context is not SALVAGE or not isinstance(data, dict):
            return data
        named = {field.alias or name: field for name, field in cls.model_fields.items()}
        known = {key: value for key, value in data.items() if key in named}
        return {key: ABSENT for key, field in named.items() if field.is_required()} | known

    @field_validator("*", mode="wrap")
    @classmethod
    def keep_what_is_valid(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        """In the second pass, put `ABSENT` where a value is refused.

        Raises:
            ValidationError: in the first pass, as without this validator.
        """
        try:
            return handler(value)
        except ValidationError:
            if info.context is SALVAGE:
                return ABSENT
            raise

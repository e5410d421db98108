"""Negative response codes of ISO 14229-1 that this server gives."""

from enum import IntEnum


class Nrc(IntEnum):
    """Why a request is refused."""

    GENERAL_REJECT = 0x10
    SERVICE_NOT_SUPPORTED = 0x11
    SUB_FUNCTION_NOT_SUPPORTED = 0x12
    INCORRECT_LENGTH = 0x13
    RESPONSE_TOO_LONG = 0x14
    CONDITIONS_NOT_CORRECT = 0x22
    REQUEST_SEQUENCE_ERROR = 0x24
    REQUEST_OUT_OF_RANGE = 0x31
    SECURITY_ACCESS_DENIED = 0x33
    INVALID_KEY = 0x35
    EXCEEDED_ATTEMPTS = 0x36
    TIME_DELAY_NOT_EXPIRED = 0x37
    GENERAL_PROGRAMMING_FAILURE = 0x72
    RESPONSE_PENDING = 0x78
    SERVICE_NOT_SUPPORTED_IN_SESSION = 0x7F


SILENT_WHEN_FUNCTIONAL = frozenset(
    {
        Nrc.SERVICE_NOT_SUPPORTED,
        Nrc.SUB_FUNCTION_NOT_SUPPORTED,
        Nrc.REQUEST_OUT_OF_RANGE,
        Nrc.SERVICE_NOT_SUPPORTED_IN_SESSION,
    }
)
"""A request to all control units is not answered with these: it may have been meant for others."""


class Refusal(Exception):
    """A request cannot be served; becomes a negative response."""

    def __init__(self, code: Nrc) -> None:
        super().__init__(code.name.lower().replace("_", " "))
        self.code = code

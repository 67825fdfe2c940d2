"""The one error tree of firmline, and the stable codes that name every failure.

Rules of this room:

* Every failure a user can meet carries one :class:`Code`, a one-sentence message, and what to do
  next. A message says what was found and where; it never needs a traceback to be understood.
* The class says whose fault it is, and with it the exit code of the command line
  (``design/command-line.md``): their file (:class:`InputError`, 2), the road to the unit or the
  station (:class:`TransportError`, :class:`RemoteProtocolError`, :class:`StoreError`, 3), the unit
  said no (:class:`TargetRefusedError`, 4), the end was not seen (:class:`VerifyError`, 5) or a
  signature does not hold (:class:`SignerError`, 5), our own defect
  (:class:`LocalProtocolError`, 70).
* What each code means and what to do about it is data (``data/errors.toml``); a test proves that
  this enumeration, that file and the page in the docs name the same codes.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import ClassVar, Final


class ExitCode(IntEnum):
    """Exit codes of the command line (``design/command-line.md``)."""

    DONE = 0
    INPUT = 2
    LINK = 3
    REFUSED = 4
    UNVERIFIED = 5
    DEFECT = 70
    INTERRUPTED = 130


class Code(StrEnum):
    """Stable names of failures; never renumbered, never reused."""

    # The command line itself.
    USAGE = "DFU-ARG-001"
    NUMBER_MALFORMED = "DFU-ARG-002"
    NUMBER_OCTAL_LOOKING = "DFU-ARG-003"
    NUMBER_OUT_OF_RANGE = "DFU-ARG-004"
    OPTION_MISSING = "DFU-ARG-005"
    OPTION_CONFLICT = "DFU-ARG-006"
    TARGET_MALFORMED = "DFU-ARG-007"
    TARGET_UNKNOWN_UNIT = "DFU-ARG-008"
    SOFTDEVICE_UNKNOWN = "DFU-ARG-009"
    DATABASE_ADDRESS = "DFU-ARG-010"
    LISTEN_ADDRESS = "DFU-ARG-011"

    # Files as such.
    FILE_MISSING = "DFU-FILE-001"
    FILE_EMPTY = "DFU-FILE-002"
    FILE_TOO_LARGE = "DFU-FILE-003"
    FILE_UNREADABLE = "DFU-FILE-004"
    FILE_NOT_WRITABLE = "DFU-FILE-005"
    FILE_EXISTS = "DFU-FILE-006"

    # Firmware images (Intel HEX, binary, ELF).
    IMAGE_MALFORMED = "DFU-IMG-001"
    IMAGE_TRUNCATED = "DFU-IMG-002"
    IMAGE_OVERLAPPING_RECORDS = "DFU-IMG-003"
    IMAGE_NO_CODE = "DFU-IMG-004"
    IMAGE_TOO_LARGE = "DFU-IMG-005"
    IMAGE_OVERLAPS_SOFTDEVICE = "DFU-IMG-006"
    IMAGE_NOT_A_SOFTDEVICE = "DFU-IMG-007"

    # Keys and signatures.
    KEY_MALFORMED = "DFU-KEY-001"
    KEY_ENCRYPTED = "DFU-KEY-002"
    KEY_WRONG_CURVE = "DFU-KEY-003"
    KEY_NOT_PRIVATE = "DFU-KEY-004"
    KEY_WRONG_PASSWORD = "DFU-KEY-005"  # noqa: S105 - the name of an error, not a password
    KEY_REQUIRED = "DFU-KEY-006"

    # Tokens that sign (PKCS#11).
    PKCS11_EXTRA_MISSING = "DFU-TOKEN-001"
    PKCS11_URI_MALFORMED = "DFU-TOKEN-002"
    PKCS11_MODULE = "DFU-TOKEN-003"
    PKCS11_NOT_FOUND = "DFU-TOKEN-004"
    PKCS11_AMBIGUOUS = "DFU-TOKEN-005"
    PKCS11_PIN = "DFU-TOKEN-006"
    PKCS11_FAILED = "DFU-TOKEN-007"

    # Signing in two steps.
    SIGNATURE_MALFORMED = "DFU-SIGN-001"
    SIGNATURE_WRONG = "DFU-SIGN-002"
    SIGNATURE_MISSING = "DFU-SIGN-003"
    SIGNATURE_NOT_WANTED = "DFU-SIGN-004"
    SIGNING_REQUEST_MALFORMED = "DFU-SIGN-005"
    SIGNING_REQUEST_OTHER = "DFU-SIGN-006"

    # Packages and their manifests.
    PACKAGE_NOT_A_ZIP = "DFU-PKG-001"
    PACKAGE_TRUNCATED = "DFU-PKG-002"
    PACKAGE_TOO_LARGE = "DFU-PKG-003"
    PACKAGE_UNSAFE_NAME = "DFU-PKG-004"
    PACKAGE_DUPLICATE_NAME = "DFU-PKG-005"
    PACKAGE_NO_MANIFEST = "DFU-PKG-006"
    PACKAGE_MANIFEST_MALFORMED = "DFU-PKG-007"
    PACKAGE_ENTRY_MISSING = "DFU-PKG-008"
    PACKAGE_IMAGE_MISMATCH = "DFU-PKG-009"
    PACKAGE_COMBINATION = "DFU-PKG-010"
    PACKAGE_FOR_MCUBOOT = "DFU-PKG-011"

    # Images and packages for MCUboot.
    MCUBOOT_IMAGE_MALFORMED = "DFU-MCU-001"
    MCUBOOT_IMAGE_TRUNCATED = "DFU-MCU-002"
    MCUBOOT_IMAGE_CHANGED = "DFU-MCU-003"
    MCUBOOT_NO_IMAGE = "DFU-MCU-004"
    MCUBOOT_MANIFEST_MALFORMED = "DFU-MCU-005"
    MCUBOOT_MANIFEST_DISAGREES = "DFU-MCU-006"
    MCUBOOT_SLOT_TWICE = "DFU-MCU-007"

    # Lint.
    LINT_FINDINGS = "DFU-LINT-001"

    # Init packets.
    INIT_PACKET_MALFORMED = "DFU-INIT-001"
    INIT_PACKET_TOO_LARGE = "DFU-INIT-002"

    # Probe packs.
    PROBE_PACK_MALFORMED = "DFU-PROBE-001"
    PROBE_PACK_UNSAFE = "DFU-PROBE-002"
    PROBE_PACK_KEY = "DFU-PROBE-003"
    PROBE_TOO_MANY = "DFU-PROBE-004"
    PROBE_PROGRESS = "DFU-PROBE-005"
    # Signatures that do not hold what was asked of them.
    SIGNER_WRONG = "DFU-TRUST-001"
    SIGNER_MISSING = "DFU-TRUST-002"
    SIGNER_NOT_FOUND = "DFU-TRUST-003"
    # Zigbee OTA Upgrade files.
    ZIGBEE_MALFORMED = "DFU-OTA-001"
    ZIGBEE_COMMENT = "DFU-OTA-002"

    # Bootloader settings pages.
    SETTINGS_MALFORMED = "DFU-SET-001"
    SETTINGS_CRC = "DFU-SET-002"
    SETTINGS_VERSION = "DFU-SET-003"
    SETTINGS_PLACE = "DFU-SET-004"

    # Virtual units: recorded sessions, and files that describe one.
    TRANSCRIPT_MALFORMED = "DFU-SIM-001"
    UNIT_FILE_MALFORMED = "DFU-SIM-002"

    # Traces that are read.
    TRACE_MALFORMED = "DFU-TRACE-001"
    TRACE_NOT_CONVERTIBLE = "DFU-TRACE-002"

    # Failures that are to be diagnosed.
    REPORT_MALFORMED = "DFU-DIAG-001"
    TABLE_MALFORMED = "DFU-DIAG-002"

    # Dumps of a unit's flash, from a file or through a debug probe.
    DUMP_OTHER_CHIP = "DFU-DUMP-001"
    DUMP_BLANK = "DFU-DUMP-002"
    DUMP_UNKNOWN = "DFU-DUMP-003"
    SWD_PROBE = "DFU-SWD-001"
    SWD_PROTECTED = "DFU-SWD-002"
    SWD_FAILED = "DFU-SWD-003"

    # Experiments.
    RUNS_MALFORMED = "DFU-EXP-001"
    RUNS_OF_ANOTHER = "DFU-EXP-002"
    POWER_LOSS_NOT_ACCEPTED = "DFU-EXP-003"
    NOBODY_TO_ASK = "DFU-EXP-004"
    TOO_FEW_RUNS = "DFU-EXP-005"
    SUPPLY_MALFORMED = "DFU-EXP-006"
    SUPPLY_LIMITS = "DFU-EXP-007"
    SUPPLY_CANNOT = "DFU-EXP-008"

    # Supplies.
    SUPPLY_NOT_FOUND = "DFU-PSU-001"
    SUPPLY_NONSENSE = "DFU-PSU-002"
    SUPPLY_REFUSED = "DFU-PSU-003"
    SUPPLY_SHORT = "DFU-PSU-004"
    SUPPLY_LOST = "DFU-PSU-005"
    SUPPLY_IN_USE = "DFU-PSU-006"

    # Recipes of a production line.
    RECIPE_MALFORMED = "DFU-RCP-001"
    RECIPE_SCHEMA = "DFU-RCP-002"
    RECIPE_LIMIT = "DFU-RCP-003"
    RECIPE_STEPS = "DFU-RCP-004"
    RECIPE_PACKAGE = "DFU-RCP-005"
    RECIPE_STEP_OF_CUSTOMER = "DFU-RCP-006"
    RECIPE_WITHDRAWN = "DFU-RCP-007"

    # The station of a production line.
    STATION_BUSY = "DFU-STN-001"
    STATION_SETUP = "DFU-STN-002"
    SERIAL_FOREIGN = "DFU-STN-003"
    UNIT_AT_WORK = "DFU-STN-004"
    UNIT_TO_REWORK = "DFU-STN-005"
    UNIT_HAS_PASSED = "DFU-STN-006"
    SLOT_NOT_FREE = "DFU-STN-007"
    UNIT_FOREIGN = "DFU-STN-008"
    STEP_TIMEOUT = "DFU-STN-009"
    OUTSIDE_LIMITS = "DFU-STN-010"
    NOT_MEASURED = "DFU-STN-011"
    STEP_OF_CUSTOMER = "DFU-STN-012"
    LABEL_NOT_PRINTED = "DFU-STN-013"
    RUN_ABORTED = "DFU-STN-014"
    RUN_CUT_OFF = "DFU-STN-015"
    STATION_COMMAND = "DFU-STN-016"
    UNIT_NOT_KNOWN = "DFU-STN-017"

    # Campaigns, the queue of planned work, and the way of records to the centre.
    CAMPAIGN_MALFORMED = "DFU-PLAN-001"
    CAMPAIGN_UNITS = "DFU-PLAN-002"
    CAMPAIGN_UNKNOWN = "DFU-PLAN-003"
    CAMPAIGN_EXISTS = "DFU-PLAN-004"
    CAMPAIGN_STATE = "DFU-PLAN-005"
    CAMPAIGN_RELEASE = "DFU-PLAN-006"
    QUEUE_ADDRESS = "DFU-PLAN-007"
    UNIT_NOT_PLANNED = "DFU-PLAN-008"
    QUEUE_BUSY = "DFU-PLAN-009"

    # Records on their way from a station to the centre.
    SYNC_ADDRESS = "DFU-SYNC-001"
    SYNC_GONE = "DFU-SYNC-002"
    SYNC_REFUSED = "DFU-SYNC-003"
    SYNC_VERSION = "DFU-SYNC-004"
    SYNC_SET_BACK = "DFU-SYNC-005"

    # The road to the unit.
    LINK_NOT_AVAILABLE = "DFU-LINK-001"
    LINK_EXTRA_MISSING = "DFU-LINK-002"
    UNIT_NOT_FOUND = "DFU-LINK-003"
    LINK_LOST = "DFU-LINK-004"
    LINK_TIMEOUT = "DFU-LINK-005"
    LINK_REFUSED = "DFU-LINK-006"
    UNIT_STAYED_IN_APPLICATION = "DFU-LINK-007"
    WRONG_UNIT = "DFU-LINK-008"
    INTERRUPTED = "DFU-LINK-009"
    UNIT_AMBIGUOUS = "DFU-LINK-010"

    # Into the bootloader, and into no other unit's.
    ADDRESS_TAKEN = "DFU-ENTER-001"
    BOND_MISSING = "DFU-ENTER-002"
    NO_BUTTONLESS = "DFU-ENTER-003"
    LEGACY_DFU = "DFU-ENTER-004"
    SMP = "DFU-ENTER-005"
    UNIT_DID_NOT_RESTART = "DFU-ENTER-006"
    APPLICATION_CRASHED = "DFU-ENTER-007"
    BONDS_UNUSABLE = "DFU-ENTER-008"

    # The computer's own Bluetooth.
    BLUETOOTH_OFF = "DFU-BLE-001"
    BLUETOOTH_MISSING = "DFU-BLE-002"
    BLUETOOTH_FORBIDDEN = "DFU-BLE-003"
    BLUETOOTH_SERVICE = "DFU-BLE-004"
    BLUETOOTH_BUSY = "DFU-BLE-005"
    BLUETOOTH_FAILED = "DFU-BLE-006"

    # Serial ports.
    PORT_NOT_FOUND = "DFU-PORT-001"
    PORT_BUSY = "DFU-PORT-002"
    PORT_FORBIDDEN = "DFU-PORT-003"
    PORT_FAILED = "DFU-PORT-004"
    PORT_SILENT = "DFU-PORT-005"
    PORT_NONSENSE = "DFU-PORT-006"
    PORT_BLOCKED = "DFU-PORT-007"

    # USB devices.
    USB_LIBRARY_MISSING = "DFU-USB-001"
    USB_FORBIDDEN = "DFU-USB-002"
    USB_NO_TRIGGER = "DFU-USB-003"
    USB_NOT_UNIQUE = "DFU-USB-004"
    USB_FAILED = "DFU-USB-005"

    # Bluetooth controllers (HCI).
    CONTROLLER_NOT_FOUND = "DFU-HCI-001"
    CONTROLLER_BUSY = "DFU-HCI-002"
    CONTROLLER_FORBIDDEN = "DFU-HCI-003"
    CONTROLLER_FAILED = "DFU-HCI-004"
    CONTROLLER_SILENT = "DFU-HCI-005"
    CONTROLLER_NONSENSE = "DFU-HCI-006"
    CONTROLLER_LOST = "DFU-HCI-007"
    CONTROLLER_REFUSED = "DFU-HCI-008"

    # nRF Connectivity dongles.
    DONGLE_NONSENSE = "DFU-NRF-001"
    DONGLE_SILENT = "DFU-NRF-002"
    DONGLE_UNREADABLE = "DFU-NRF-003"
    DONGLE_VERSION = "DFU-NRF-004"
    DONGLE_REFUSED = "DFU-NRF-005"
    DONGLE_LOST = "DFU-NRF-006"

    # Answers that make no sense.
    ANSWER_MALFORMED = "DFU-PROTO-001"
    ANSWER_UNEXPECTED = "DFU-PROTO-002"
    FRAME_MALFORMED = "DFU-PROTO-003"
    OBJECT_DAMAGED = "DFU-PROTO-004"
    PROGRESS_LOST = "DFU-PROTO-005"
    BUFFERS_GONE = "DFU-PROTO-006"
    FLASH_STARVED = "DFU-PROTO-007"
    PACKETS_REPEATED = "DFU-PROTO-008"
    NO_PACKET_ARRIVES = "DFU-PROTO-009"

    # The unit said no: result codes (0xx, spec section 2.2) and extended errors (1xx, section 2.3).
    REFUSED_OPCODE = "DFU-UNIT-002"
    REFUSED_PARAMETER = "DFU-UNIT-003"
    REFUSED_RESOURCES = "DFU-UNIT-004"
    REFUSED_OBJECT = "DFU-UNIT-005"
    REFUSED_TYPE = "DFU-UNIT-007"
    REFUSED_NOT_PERMITTED = "DFU-UNIT-008"
    REFUSED_OPERATION_FAILED = "DFU-UNIT-010"
    REFUSED_UNKNOWN = "DFU-UNIT-099"
    REFUSED_INIT_COMMAND = "DFU-UNIT-104"
    REFUSED_FW_VERSION = "DFU-UNIT-105"
    REFUSED_HW_VERSION = "DFU-UNIT-106"
    REFUSED_SOFTDEVICE = "DFU-UNIT-107"
    REFUSED_SIGNATURE_MISSING = "DFU-UNIT-108"
    REFUSED_HASH_TYPE = "DFU-UNIT-109"
    REFUSED_HASH_FAILED = "DFU-UNIT-110"
    REFUSED_SIGNATURE_TYPE = "DFU-UNIT-111"
    REFUSED_VERIFICATION = "DFU-UNIT-112"
    REFUSED_SPACE = "DFU-UNIT-113"
    REFUSED_BUTTONLESS = "DFU-UNIT-120"
    REFUSED_NAME = "DFU-UNIT-121"
    NOT_IN_PLACE = "DFU-UNIT-122"

    # The end was not seen.
    NEW_APPLICATION_NOT_SEEN = "DFU-END-001"
    SAME_APPLICATION_SEEN = "DFU-END-002"
    UNIT_DID_NOT_RETURN = "DFU-END-003"

    # Records of the production line.
    RECORD_MALFORMED = "DFU-REC-001"
    RECORD_CONFLICT = "DFU-REC-002"
    DATABASE_GONE = "DFU-REC-003"
    DATABASE_LOCKED = "DFU-REC-004"
    DATABASE_FULL = "DFU-REC-005"
    DATABASE_READ_ONLY = "DFU-REC-006"
    DATABASE_FOREIGN = "DFU-REC-007"
    DATABASE_NEWER = "DFU-REC-008"
    DATABASE_DAMAGED = "DFU-REC-009"
    DATABASE_REFUSED = "DFU-REC-010"
    DATABASE_FAILED = "DFU-REC-011"
    ATTACHMENT_NOT_KEPT = "DFU-REC-012"
    ATTACHMENT_MISSING = "DFU-REC-013"
    ATTACHMENT_DAMAGED = "DFU-REC-014"
    NO_RUNS = "DFU-REC-015"

    # Accounts and keys of the production line.
    ACCOUNT_NAME = "DFU-ACC-001"
    ACCOUNT_EXISTS = "DFU-ACC-002"
    ACCOUNT_UNKNOWN = "DFU-ACC-003"
    PASSWORD_WEAK = "DFU-ACC-004"  # noqa: S105 - the name of an error, not a password
    PASSWORD_NOT_GIVEN = "DFU-ACC-005"  # noqa: S105 - as above
    ACCESS_KEY_UNKNOWN = "DFU-ACC-006"
    SIGN_IN_REFUSED = "DFU-ACC-007"
    SIGN_IN_TOO_OFTEN = "DFU-ACC-008"
    SIGN_IN_BUSY = "DFU-ACC-009"
    SIGN_IN_NEEDED = "DFU-ACC-010"
    NOT_ALLOWED = "DFU-ACC-011"
    TLS_UNUSABLE = "DFU-ACC-012"
    WEBHOOK_MALFORMED = "DFU-ACC-013"
    WEBHOOK_UNKNOWN = "DFU-ACC-014"

    # The audit trail of the production line.
    AUDIT_BROKEN = "DFU-AUDIT-001"
    AUDIT_CUT = "DFU-AUDIT-002"
    RECORDS_ALTERED = "DFU-AUDIT-003"

    # Pages and the API of a line, over HTTP.
    ADDRESS_NOT_FREE = "DFU-WEB-001"
    PAGE_UNKNOWN = "DFU-WEB-002"
    REQUEST_FOREIGN = "DFU-WEB-003"
    REQUEST_MALFORMED = "DFU-WEB-004"
    TOO_MANY_LISTENERS = "DFU-WEB-005"

    # Traces and what is printed.
    TRACE_NOT_WRITABLE = "DFU-STORE-001"
    OUTPUT_NOT_WRITABLE = "DFU-STORE-002"

    # Ours.
    DEFECT = "DFU-BUG-001"


MAX_NAME: Final = 150
"""Longest name or path that a message holds whole, characters; ours."""


_PIN: Final = re.compile(r"(pin-value(?:=|%3d))[^&\s]+", re.IGNORECASE)
"""In the URI of a token's key (RFC 7512, section 2.4); rather too much than too little."""


def without_pin(text: str) -> str:
    """A text without the PINs of such URIs, wherever one was given by mistake."""
    return _PIN.sub(r"\1...", text)


_OPTION_NAME: Final = r"(?:password|passphrase|passkey|pin|secret|ltk|irk)(?:=|%3d)"
"""Options of a target URI, whichever link it is for."""
_SECRET_OPTION: Final = re.compile(rf"([?&;'\"]{_OPTION_NAME})[^&;\s'\"]+", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"(://[^/@\s:]*:)[^@/\s]+(?=@)")
"""Of a user, in front of a host's name (RFC 3986, section 3.2.1)."""
_SECRET_OPTION_OF_URI: Final = re.compile(rf"([?&;]{_OPTION_NAME})[^&;]+", re.IGNORECASE)
_PASSWORD_OF_URI: Final = re.compile(r"(://[^/@:]*:)[^@/]+(?=@)")
"""The same where the whole text is a URI, in which somebody may have written spaces."""


def without_secrets(text: str) -> str:
    """A text without the PINs, passwords and pairing keys of URIs in it.

    What is not written as a secret of a URI is not known to be one and stays.
    """
    return _PASSWORD.sub(r"\1...", _SECRET_OPTION.sub(r"\1...", without_pin(text)))


def uri_without_secrets(uri: str) -> str:
    """As :func:`without_secrets`, of a text that is a URI from its beginning to its end."""
    return _PASSWORD_OF_URI.sub(r"\1...", _SECRET_OPTION_OF_URI.sub(r"\1...", without_pin(uri)))


def shortened(name: object) -> str:
    """A name or path of the user's for a message: of a very long one its two ends.

    A secret in it is left out before it is cut: behind the cut nothing would tell that it is one.
    """
    text = without_secrets(str(name))
    half = MAX_NAME // 2
    return text if len(text) <= MAX_NAME else f"{text[:half]}...{text[-half:]}"


def printable(text: object) -> str:
    r"""The text on one line, safe to print anywhere.

    Names of files and strings out of files may hold anything. What a terminal would obey (escape
    sequences, line ends, marks that turn the direction of writing) or could not encode (bytes of a
    file name that are no UTF-8) is written as an escape, such as ``\x1b``. The PINs and passwords
    in URIs are left out.
    """
    shown = without_secrets(str(text))
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in shown)


class FirmlineError(Exception):
    """Root of every error firmline raises on purpose.

    Args:
        code: The stable name of the failure.
        message: One sentence: what was found, where.
        hint: The next thing to do; empty means the general advice of ``data/errors.toml``.
        context: Typed facts for programs (offsets, names, numbers); never secrets.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.DEFECT

    def __init__(self, code: Code, message: str, *, hint: str = "", **context: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.context = context

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InputError(FirmlineError):
    """A file, an option or a value that the user gave cannot be used."""

    exit_code = ExitCode.INPUT


class TransportReason(StrEnum):
    """Why a link failed, as far as the link itself can tell."""

    NOT_AVAILABLE = "not_available"
    NOT_FOUND = "not_found"
    LOST = "lost"
    TIMEOUT = "timeout"
    REFUSED = "refused"


class TransportError(FirmlineError):
    """The road to the unit failed; the unit itself said nothing wrong.

    Args:
        code: The stable name of the failure.
        message: One sentence.
        reason: What kind of failure the link saw.
        hci_reason: The Bluetooth controller's reason for a disconnection (Core spec, Vol 1,
            Part F), where there is one.
        hint: The next thing to do.
        context: Typed facts for programs.
    """

    exit_code = ExitCode.LINK

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        reason: TransportReason,
        hci_reason: int | None = None,
        hint: str = "",
        **context: object,
    ) -> None:
        super().__init__(code, message, hint=hint, **context)
        self.reason = reason
        self.hci_reason = hci_reason


class RemoteProtocolError(FirmlineError):
    """The unit answered something that its protocol does not allow."""

    exit_code = ExitCode.LINK


class TargetRefusedError(FirmlineError):
    """The unit understood and said no.

    Args:
        code: The stable name of the failure.
        message: One sentence.
        result: The result code of the answer (spec section 2.2).
        ext_error: The extended error, where the result is 0x0B (spec section 2.3).
        hint: The next thing to do.
        context: Typed facts for programs.
    """

    exit_code = ExitCode.REFUSED

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        result: int,
        ext_error: int | None = None,
        hint: str = "",
        **context: object,
    ) -> None:
        super().__init__(code, message, hint=hint, **context)
        self.result = result
        self.ext_error = ext_error


class VerifyError(FirmlineError):
    """Everything was sent and accepted, but the end was not seen."""

    exit_code = ExitCode.UNVERIFIED


class SignerError(FirmlineError):
    """A package was asked for a signature by some key, and does not have it."""

    exit_code = ExitCode.UNVERIFIED


class StoreError(FirmlineError):
    """A trace, a record or what a command printed could not be kept."""

    exit_code = ExitCode.LINK


class LocalProtocolError(FirmlineError):
    """firmline itself broke a rule; always a defect of ours."""

    exit_code = ExitCode.DEFECT

    def __init__(self, message: str, *, hint: str = "", **context: object) -> None:
        super().__init__(Code.DEFECT, message, hint=hint, **context)


def next_thing(error: FirmlineError) -> str:
    """The error's own hint, or the general advice of ``data/errors.toml`` for its code."""
    if error.hint:
        return printable(error.hint)
    from firmline.data import load_table  # noqa: PLC0415 - tomllib is for failures only

    return str(load_table("errors")[error.code]["do"])

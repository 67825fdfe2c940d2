"""How long the updater waits for what, and why."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

from firmline.protocol.requests import CreateObject, ExecuteObject, Request, WriteObject

LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 0.1, 3600.0
"""What a user may ask for; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialTimeouts:
    """Seconds for what is different on a serial port, each with room to spare.

    Answers are waited for from when the request has left the port. A bootloader for UART or USB
    stands still for its flash (bootloader spec, section 14), so an answer comes late by all that
    was written before it: an object of 4096 bytes at 338 us a word is 0.35 s.

    Attributes:
        bootloader_s: For a bootloader to answer the first PING. It boots in milliseconds; a unit
            that was just plugged in takes its time until its port is there.
        ping_s: Between two PINGs: a bootloader that is there has answered by then, also through a
            network (RFC 2217).
        answer_s: For an answer that needs no flash but what was written before.
        erase_s: For CREATE: one page is erased, 90 ms (physics spec, section 1); nrfutil's hard
            limit of 1 s has been seen to fail.
        execute_s: For EXECUTE: a signature check in software (about 1 s) and two settings pages,
            or the hash over the whole image.
        silence_s: For a bootloader to answer again after something was lost: it may be in the
            middle of the longest of the above.
        boot_s: For a reset, until a bootloader would answer.
        farewell_s: For the answer to the last PINGs, after which silence is taken for silence.
        reappear_s: For a unit on USB that restarts to be plugged in again as its bootloader, with a
            port that can be opened: it boots, the system reads its descriptors, and on Linux udev
            gives its port away, a second or two in all; on Windows a new port takes longer.
        replug_s: For a unit on USB that was lost in the middle to be plugged in again: a person has
            to see that, and find the plug.
        expect_s: For the text that the new application prints, counted from when it can run.
    """

    bootloader_s: float = 5.0
    ping_s: float = 0.25
    answer_s: float = 3.0
    erase_s: float = 5.0
    execute_s: float = 10.0
    silence_s: float = 10.0
    boot_s: float = 0.2
    farewell_s: float = 0.2
    reappear_s: float = 15.0
    replug_s: float = 60.0
    expect_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds; each is the longest a healthy unit may need, with room to spare.

    Attributes:
        search_s: For the unit to be seen: an application may advertise every few seconds only.
        same_name_s: For a second unit with the name by which one was sought to be heard as well.
        already_there_s: For a unit's application to be heard before its bootloader is listened for,
            which is taken if it answers; and for a unit that is not in its application to be seen
            in its bootloader.
        stranger_s: For a bootloader that is in the air before a unit jumps to be heard: it
            advertises every 25 ms (secure-dfu-bootloader spec, section 11), 20 times in this time.
        connect_s: For a connection with MTU and discovery.
        answer_s: For an answer of the bootloader, or of an application that is to jump, which may
            wait for its flash first. Most come within two connection events.
        erase_s: For the answer to CREATE. Over a radio it precedes the erasure.
        execute_s: For the answer to EXECUTE: the signature check (ECDSA in software, about 1 s),
            4096 bytes at up to 5 ms for each 20 behind an erase of 90 ms (1.1 s), or the hash over
            the whole image.
        pairing_s: For a bond to be made and the link to be encrypted. The protocol itself gives up
            after 30 s (Core spec, Vol 3, Part H, 3.4); both sides compute on P-256.
        radio_version_s: For the unit's radio to say who it is: two connection events.
        drop_s: For the unit to drop the link when it restarts.
        return_s: For the unit to come back after the last object: it erases and writes the whole
            image once more. 316 kB on the slowest nRF52832 are 78 pages of 90 ms and 80,896 words
            of 338 us, 34 s, and its restart. It is not waited for to the end where its bootloader
            is heard to stay (:mod:`firmline.updater.radio.returning`).
        inactivity_s: For a bootloader that was left alone to restart by itself: 120 s after its
            entry or the last CREATE of a command object (secure-dfu-bootloader spec, section 10).
        serial: What is different on a serial port.
    """

    search_s: float = 15.0
    same_name_s: float = 3.0
    already_there_s: float = 5.0
    stranger_s: float = 0.5
    connect_s: float = 15.0
    answer_s: float = 10.0
    erase_s: float = 10.0
    execute_s: float = 20.0
    pairing_s: float = 30.0
    radio_version_s: float = 3.0
    drop_s: float = 10.0
    return_s: float = 60.0
    inactivity_s: float = 130.0
    serial: SerialTimeouts = SerialTimeouts()


RECEIPT_S: Final = 2.0
"""For a receipt: it needs no flash, and does not come where a packet was lost; ours."""


def answer_timeout_s(timeouts: Timeouts | SerialTimeouts, request: Request | None) -> float:
    """How long the answer to a request may take, in seconds.

    Args:
        timeouts: Of the road.
        request: What was asked; ``None``: nothing that needs flash.
    """
    match request:
        case CreateObject():
            return timeouts.erase_s
        case WriteObject():
            return min(RECEIPT_S, timeouts.answer_s)
        case ExecuteObject():
            return timeouts.execute_s
        case _:
            return timeouts.answer_s


OF_AN_OPTION: Final = "expect_s"
"""Has an option of its own."""


def timeout_names() -> list[str]:
    """What can be waited for, as a user names it; some names mean both kinds of roads."""
    of_radio = [field.name for field in fields(Timeouts) if field.name != "serial"]
    of_port = [field.name for field in fields(SerialTimeouts) if field.name != OF_AN_OPTION]
    both = dict.fromkeys([*of_radio, *of_port])
    return [timeout_name(field) for field in both]


def timeout_name(field: str) -> str:
    """How a user names a field of :class:`Timeouts` or :class:`SerialTimeouts`."""
    return field.removesuffix("_s").replace("_", "-")


def with_timeout(timeouts: Timeouts, name: str, seconds: float) -> Timeouts:
    """The timeouts with another one of this name, wherever it is.

    Args:
        timeouts: The others.
        name: One of :func:`timeout_names`.
        seconds: How long.

    Raises:
        KeyError: There is none of this name.
    """
    if name not in timeout_names():
        raise KeyError(name)
    field = f"{name.replace('-', '_')}_s"
    change: dict[str, Any] = {field: seconds}
    if field in {each.name for each in fields(SerialTimeouts)}:
        timeouts = replace(timeouts, serial=replace(timeouts.serial, **change))
    if field in {each.name for each in fields(Timeouts)}:
        timeouts = replace(timeouts, **change)
    return timeouts

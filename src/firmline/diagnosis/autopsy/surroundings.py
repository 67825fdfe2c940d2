"""Findings on the chip, its user information, the registers that outlive a reset, and the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline.diagnosis.autopsy.body import Body, doubt
from firmline.diagnosis.autopsy.finding import Finding, Place, fact, fault, flag, remark, right
from firmline.diagnosis.autopsy.flash_end import flash_sizes, reach_of
from firmline.diagnosis.autopsy.start import Outcome, Start
from firmline.formats.flash.information import ERASED_WORD, Protection, Uicr, ficr_of
from firmline.formats.flash.registers import REASONS, ResetReason

DFU_MAGIC: Final = 0xB0
DFU_BITS: Final = 0xB1
"""GPREGRET: SDK 15.3 and 16 stay in DFU mode when any of these bits is set (spec 10)."""
SKIP_MAGIC: Final = 0xA8
"""GPREGRET2: asks the next start to skip CRC checks (spec 10)."""
_CHIP_WORDS: Final = {0x52832: "nrf52832", 0x52833: "nrf52833", 0x52840: "nrf52840"}
_SMALL: Final = frozenset({0x52805, 0x52810, 0x52811, 0x52820})
_SMALL_RAM: Final = 0x8000
"""What variants with less RAM have at the most: 32 kB (product specifications, memory)."""
_DOES: Final = {
    Start.APPLICATION: "starts the application",
    Start.BOOTLOADER: "stays in DFU mode and waits for an update",
    Start.FAULT: "comes to no end: it resets again and again",
}
_DO: Final = {
    Start.APPLICATION: "start the application",
    Start.BOOTLOADER: "stay in DFU mode",
    Start.FAULT: "come to no end",
}
_UNITS: Final = 1024
_PORT: Final = 32


def chip_findings(body: Body) -> Iterator[Finding]:
    """Which chip it is."""
    yield from _strange_ficr(body)
    yield from _doubt(body)
    ficr = body.ficr
    if ficr is not None and ficr.is_nrf51:
        found = fact("chip", "nrf51", "FICR: pages of 1 kB")
        text = (
            "An nRF51, by its FICR: its UICR is laid out in another way and is not read, and no"
            " virtual unit is one. SoftDevice and settings are read as those of an nRF52."
        )
        yield remark("chip-nrf51", Place.CHIP, text, evidence=(found,))
        return
    if ficr is None or ficr.part is None:
        yield _guessed(body)
        return
    word = _CHIP_WORDS.get(ficr.part, "nrf52_small" if ficr.part in _SMALL else "nrf52")
    evidence = [fact("chip", word, "FICR: INFO.PART")]
    if ficr.ram_size is not None and ficr.ram_size <= _SMALL_RAM:
        evidence.append(flag("small_ram_variant", "FICR: INFO.RAM"))
    sizes = [
        f"{size // _UNITS} kB of {what}"
        for what, size in (("flash", ficr.flash_size), ("RAM", ficr.ram_size))
        if size is not None
    ]
    variant = f" {ficr.variant}" if ficr.variant else ""
    address = f"; factory address {ficr.address}" if ficr.address else ""
    text = f"nRF{ficr.part:X}{variant}, {', '.join(sizes)}{address}."
    yield right("chip", Place.CHIP, text, evidence=tuple(evidence))


def _strange_ficr(body: Body) -> Iterator[Finding]:
    told = ficr_of(body.dump)
    if told is None or body.ficr is not None:
        return
    what = f"0x{told.part:X}" if told.part is not None else f"pages of {told.page_size} bytes"
    text = f"What the dump holds as FICR is none of an nRF5x ({what}), and is not read."
    yield remark("ficr-strange", Place.CHIP, text)


def _doubt(body: Body) -> Iterator[Finding]:
    """That the chip which somebody names is not the one of the dump."""
    against = "" if body.given is None else doubt(body.given, body.dump, body.ficr, body.pages)
    if body.given is None or not against:
        return
    text = (
        f"The chip was named as {body.given.name} (0x{body.given.part:X},"
        f" {body.given.flash_size // _UNITS} kB of flash), and {against}: the name was left aside."
        " See whether this is the dump of the unit that is meant."
    )
    yield remark("chip-contradicted", Place.CHIP, text)


def _guessed(body: Body) -> Finding:
    names = [row.name for row in body.chips]
    if len(names) == 1:
        text = f"The chip is taken for an {names[0]}; FICR is not in the dump."
    elif names and body.layout.flash_end is not None:
        size = body.layout.flash_end // _UNITS
        text = (
            f"The flash has {size} kB, which {' and '.join(names)} have; FICR, which names the"
            " chip, is not in the dump."
        )
    else:
        text = (
            "What chip it is nothing in the dump tells: dump FICR too (0x10000000), or name it with"
            " --chip."
        )
        reach = reach_of(body.dump)
        if reach in flash_sizes():
            text += (
                f" It ends at 0x{reach:X}, where there are chips whose flash does; but nothing that"
                " units have at the end of their flash lies there, so that it may be a part of a"
                " larger one."
            )
    return remark("chip-not-named", Place.CHIP, text)


# UICR.


def uicr_findings(body: Body) -> Iterator[Finding]:
    """What UICR says."""
    if body.ficr is not None and body.ficr.is_nrf51:
        return
    uicr = body.uicr
    if uicr is None:
        text = "UICR is not in the dump (0x10001000): bootloader address, APPROTECT, reset pin."
        yield remark("uicr-not-in-dump", Place.UICR, text)
        return
    yield from _addresses(body, uicr)
    yield from _protection(uicr)
    yield from _reset_pin(uicr)


def _addresses(body: Body, uicr: Uicr) -> Iterator[Finding]:
    address, parameters = uicr.bootloader_address, uicr.mbr_parameters_address
    if address == ERASED_WORD:
        if body.layout.bootloader is not None and body.layout.bootloader_told_by == "MBR":
            text = "The bootloader's address is erased in UICR, and stands in the MBR's page."
            yield right("uicr-bootloader", Place.UICR, text)
        else:
            text = (
                "The bootloader's address in UICR (0x10001014) is erased: the MBR starts what lies"
                " behind the SoftDevice, and no request leads into a bootloader."
            )
            found = flag("uicr_bootloader_address_empty", "UICR 0x10001014")
            yield fault(
                "uicr-no-bootloader",
                Place.UICR,
                text,
                "jump-bootloader-missing",
                evidence=(found,),
            )
    elif address is not None:
        vain = flag("uicr_bootloader_address_empty", f"UICR: 0x{address:X}", seen=False)
        text = f"Bootloader at 0x{address:X}."
        if address != body.layout.bootloader:
            text = f"0x{address:X} cannot be the address of a bootloader in flash."
            yield fault("uicr-bootloader", Place.UICR, text, "jump-bootloader-missing")
        else:
            yield right("uicr-bootloader", Place.UICR, text, evidence=(vain,))
    if parameters is not None and parameters != ERASED_WORD:
        text = f"MBR parameters, which are the settings' backup, at 0x{parameters:X}."
        yield right("uicr-parameters", Place.UICR, text)


def _protection(uicr: Uicr) -> Iterator[Finding]:
    match uicr.protection:
        case Protection.PROTECTED:
            text = (
                f"APPROTECT is set (0x{uicr.approtect or 0:08X}): from the next power-on or pin"
                " reset on, nothing can be read by wire, and only an erase of everything opens it."
            )
            yield remark("approtect", Place.UICR, text, "debug-port-locked")
        case Protection.OPEN | Protection.OPEN_IF_OLD as protection:
            text = f"APPROTECT 0x{uicr.approtect or 0:08X}: {protection.value}."
            vain = flag("wire_access_refused", "it was read out", seen=False)
            yield right("approtect", Place.UICR, text, evidence=(vain,))
        case None:
            return


def _reset_pin(uicr: Uicr) -> Iterator[Finding]:
    if None in uicr.reset_pins:
        return
    pin = uicr.reset_pin
    if pin is not None:
        text = f"P{pin // _PORT}.{pin % _PORT:02} resets the chip."
        yield right("reset-pin", Place.UICR, text)
    elif uicr.reset_pins[0] != uicr.reset_pins[1]:
        text = "The two registers of the reset pin do not agree: no pin resets the chip."
        yield remark("reset-pin", Place.UICR, text)
    else:
        text = "No pin resets the chip: a reset button does nothing."
        yield remark("reset-pin", Place.UICR, text)


# Registers.


def register_findings(body: Body) -> Iterator[Finding]:
    """Why it was reset, and what it was asked for."""
    registers = body.registers
    if registers.resetreas is not None:
        yield _reset_reason(registers.resetreas, is_told=body.is_resetreas_told)
    if registers.gpregret is not None:
        yield _gpregret(registers.gpregret)
    second = registers.gpregret2
    if second is not None and second & 0xF8 == SKIP_MAGIC and second & 1:
        text = f"GPREGRET2 is 0x{second:02X}: the next start skips the CRC of the application."
        yield remark("gpregret2", Place.REGISTERS, text)


def _reset_reason(value: int, *, is_told: bool) -> Finding:
    bits = [words for bit, words in REASONS.items() if value & bit]
    where = f"RESETREAS 0x{value:X}"
    seen = {
        "watchdog_reset_seen": bool(value & ResetReason.WATCHDOG),
        "reset_reason_lockup": bool(value & ResetReason.LOCKUP),
        "reset_reason_not_soft": bool(bits) and not value & ResetReason.SOFT,
    }
    if bits:
        seen["reset_reason_brownout"] = False  # which leaves none
    evidence = tuple(flag(name, where, seen=is_so) for name, is_so in seen.items())
    if not bits:
        text = (
            f"{where}: no bit is set. A power-on or a brown-out reset leaves it so, and so does a"
            " program that clears it."
        )
        if is_told:
            text += (
                " If a good unit with the same firmware keeps bit 2 behind a soft reset, no program"
                " clears it, and this one has lost its supply: firmline diagnose takes that with"
                " --result read-reset-reason=reset_reason_brownout."
            )
            found = (flag("reset_register_empty", where),)
            return remark(
                "resetreas", Place.REGISTERS, text, "power-brownout-coincell", evidence=found
            )
        text += (
            " If nobody has taken its power since it failed, that is worth something: say so with"
            " --resetreas 0."
        )
        return remark("resetreas", Place.REGISTERS, text)
    text = (
        f"{where}: {', '.join(bits)}. The bits add up until somebody clears them or the power goes,"
        " so that not each is of the last reset."
    )
    causes = [
        cause
        for bit, cause in (
            (ResetReason.WATCHDOG, "wdt-not-fed"),
            (ResetReason.LOCKUP, "jump-app-crashes"),
        )
        if value & bit
    ]
    return remark("resetreas", Place.REGISTERS, text, *causes, evidence=evidence)


def _gpregret(value: int) -> Finding:
    where = f"GPREGRET 0x{value:02X}"
    if value == 0:
        text = f"{where}: nobody asks for the bootloader."
        vain = (flag("gpregret_stuck", where, seen=False),)
        return right("gpregret", Place.REGISTERS, text, evidence=vain)
    if value & 0xF8 == DFU_MAGIC and value & 1:
        text = (
            f"{where}: the request for the bootloader, which has not been started since: it clears"
            " the request when it starts."
        )
        return remark("gpregret", Place.REGISTERS, text)
    if value & DFU_BITS:
        text = (
            f"{where}: it shares bits with the request for the bootloader (0xB1). Bootloaders of"
            " SDK 15.3 and 16 take that for the request and never clear it: every soft reset leads"
            " back to them until the power is taken away. SDK 17.1 compares exactly."
        )
        stuck = (flag("gpregret_stuck", where),)
        return fault("gpregret", Place.REGISTERS, text, "gpregret-stuck", evidence=stuck)
    text = f"{where}: a value of the application's own, which no bootloader takes for a request."
    own = (flag("gpregret_used_by_app", where), flag("gpregret_stuck", where, seen=False))
    return remark("gpregret", Place.REGISTERS, text, evidence=own)


# The start.


def start_findings(outcome: Outcome | None) -> Iterator[Finding]:
    """What the unit does with all of it when it starts."""
    if outcome is None:
        return
    first = "puts the image that waits in place, and then " if outcome.activates else ""
    text = (
        f"With this flash the bootloader of SDK {outcome.profile.sdk} {first}{_DOES[outcome.into]}."
        f" Its SDK is assumed, {outcome.why}; {_others(outcome)}."
    )
    where = "what the bootloader does with this flash"
    match outcome.into:
        case Start.APPLICATION:
            yield right("start", Place.BOOT, text)
        case Start.BOOTLOADER:
            stays = (fact("end_state", "stuck_in_dfu", where),) if outcome.is_sure else ()
            yield remark("start", Place.BOOT, text, evidence=stays)
        case Start.FAULT:
            loops = (fact("end_state", "reset_loop", where),) if outcome.is_sure else ()
            yield fault("start", Place.BOOT, text, evidence=loops)


def _others(outcome: Outcome) -> str:
    """What the bootloaders come to that are not assumed."""
    told = []
    for into in Start:
        sdks = [sdk for sdk, other in outcome.others if other is into]
        if sdks:
            who = f"{'those' if len(sdks) > 1 else 'that'} of SDK {' and '.join(sdks)}"
            does = _DO if len(sdks) > 1 else _DOES
            same = "do the same" if len(sdks) > 1 else "does the same"
            told.append(f"{who} {same if into is outcome.into else does[into]}")
    return ", ".join(told)

"""SLIP framing of the serial transport (RFC 1055, as in spec section 13).

A frame ends with END (0xC0); END and ESC (0xDB) inside it are escaped. Nordic's transport sends
END only at the tail, both ways; a leading END therefore shows as an empty frame, which this
decoder leaves out.
"""

from __future__ import annotations

END = 0xC0
ESC = 0xDB
ESC_END = 0xDC
ESC_ESC = 0xDD


def encode_frame(payload: bytes) -> bytes:
    """Escape ``payload`` and close it with END."""
    escaped = payload.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return escaped + b"\xc0"


class SlipDecoder:
    """Turns a byte stream into frames, whatever pieces it arrives in.

    A frame with a bad escape, or longer than ``max_size``, is dropped whole and counted; the next
    END starts afresh. (The bootloader's own decoder is less forgiving; that one is in ``device``.)

    Args:
        max_size: Longest frame accepted, in decoded bytes.
    """

    def __init__(self, *, max_size: int = 4096) -> None:
        self.dropped = 0
        self._max_size = max_size
        self._frame = bytearray()
        self._escaped = False
        self._bad = False

    @property
    def unfinished(self) -> bytes:
        """What has come since the last END, unescaped: a frame, or what never was to be one."""
        return bytes(self._frame)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream; return the frames they complete."""
        frames: list[bytes] = []
        for octet in data:
            if octet == END:
                self._close(frames)
            elif self._escaped:
                self._escaped = False
                self._unescape(octet)
            elif octet == ESC:
                self._escaped = True
            else:
                self._append(octet)
        return frames

    def _close(self, frames: list[bytes]) -> None:
        if self._bad or self._escaped:
            self.dropped += 1
        elif self._frame:
            frames.append(bytes(self._frame))
        self._frame.clear()
        self._escaped = self._bad = False

    def _unescape(self, octet: int) -> None:
        if octet == ESC_END:
            self._append(END)
        elif octet == ESC_ESC:
            self._append(ESC)
        else:
            self._bad = True

    def _append(self, octet: int) -> None:
        if len(self._frame) >= self._max_size:
            self._bad = True
        else:
            self._frame.append(octet)

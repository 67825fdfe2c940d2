"""Any bytes are read or refused, and what was read of them is fit to be ranked and printed."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.logs.lines import decode
from firmline.diagnosis.logs.reading import TOOLS, read_log
from firmline.diagnosis.reading import read_incident
from firmline.errors import InputError
from unit.diagnosis.logs.samples import EXPECTED, sample

WORDS = sorted({word for tool in TOOLS for sign in tool.signs for word in (sign.word, *tool.marks)})
NOISE = st.text(max_size=30) | st.integers(0, 10**12).map(str) | st.sampled_from(["=", ": ", "["])
LINES = st.lists(st.sampled_from(WORDS) | NOISE, max_size=6).map("".join)
LOGS = st.lists(LINES | st.sampled_from(sample("android-133").decode().splitlines()), max_size=40)
SAMPLES = st.sampled_from(sorted(EXPECTED)).map(sample)


def check(content: bytes) -> None:
    read = read_log(content)
    assert (read is None) == (decode(content) is None)
    if read is None:
        return
    assert all(each.where.isprintable() and len(each.where) < 200 for each in read.evidence)
    found = read.by_field()
    assert all(len(found.get(name, "x")) == 1 for name in ("phase", "failure_kind", "progress"))
    assert "failure_kind" in found or not {"result_code", "ext_error", "host_code"} & set(found)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    check(content)
    with suppress(InputError):
        read_incident(content, name="x")


@given(LOGS, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-16-le"]))
def test_any_words_of_any_tool_are_read(lines: list[str], end: str, encoding: str) -> None:
    check(end.join(lines).encode(encoding, "surrogatepass"))


@given(SAMPLES, st.integers(0, 2500), st.integers(0, 2500))
def test_any_piece_of_a_log_is_read(log: bytes, start: int, size: int) -> None:
    check(log[start : start + size])


@given(SAMPLES, st.integers(0, 2500), st.binary(min_size=1, max_size=20))
def test_a_damaged_log_is_read(log: bytes, place: int, damage: bytes) -> None:
    check(log[:place] + damage + log[place + len(damage) :])


@given(SAMPLES, st.text(alphabet=" abc#\t", max_size=20))
def test_lines_that_say_nothing_change_nothing(log: bytes, noise: str) -> None:
    plain = read_log(log)
    more = read_log(noise.encode() + b"\n" + log + b"\n" + noise.encode())
    assert plain is not None
    assert more is not None
    assert more.by_field() == plain.by_field()

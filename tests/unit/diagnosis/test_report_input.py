"""Reports of every kind of quality: what can be used is used, what cannot is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.report_input import MAX_FIELDS, incident_of, read_report
from firmline.errors import Code, InputError
from unit.diagnosis.cases import incident


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"evidence": {"phase": %s}}' % (b"9" * 5000), "a number in it has thousands of digits"),
        (b"[]", "holds a list"),
        (b"null", "holds nothing"),
        (b"7", "holds a number"),
        (b"true", "holds true or false"),
        (b'"x"', "holds a text"),
        (b"{}", "has no object 'evidence'"),
        (b'{"evidence": []}', "has no object 'evidence'"),
        (b'{"evidence": "phase"}', "has no object 'evidence'"),
    ],
)
def test_what_is_no_report_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_report(content, name="seen.json")
    assert caught.value.code is Code.REPORT_MALFORMED
    assert caught.value.message.startswith("seen.json")
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("evidence", "unused"),
    [
        ({"phas": "scan"}, "There is no field 'phas'."),
        ({"phase": "init"}, "phase has no value 'init'."),
        ({"phase": 7}, "phase has no value '7'."),
        ({"phase": ["scan", "connect"]}, "phase takes one value, and has 2."),
        ({"flags": ["app_ok", "happy"]}, "flags has no value 'happy'."),
        ({"flags": {"app_ok": True}}, "flags has no value '{'app_ok': True}'."),
    ],
)
def test_what_is_not_of_the_vocabulary_is_said(evidence: object, unused: str) -> None:
    read = incident_of({"evidence": evidence}, name="it")
    assert read.unused == (unused,)


def test_the_rest_of_a_report_counts_all_the_same() -> None:
    report = {"evidence": {"phas": "scan", "phase": "scan", "flags": ["happy", "app_ok"]}}
    read = incident_of(report, name="it")
    assert read.by_field() == {"phase": ("scan",), "flags": ("app_ok",)}


def test_an_absent_field_and_null_say_nothing() -> None:
    assert not incident_of({"evidence": {"phase": None, "flags": []}}, name="it").evidence


def test_one_value_need_not_stand_in_a_list_nor_in_none() -> None:
    assert incident(flags="app_ok", phase=["scan"]).by_field() == {
        "flags": ("app_ok",),
        "phase": ("scan",),
    }


def test_what_was_looked_for_in_vain_is_told_beside_it() -> None:
    report = {"evidence": {"phase": "scan"}, "ruled_out": {"flags": ["app_ok"], "phase": "connect"}}
    read = incident_of(report, name="it")
    assert read.looked_for_in_vain() == {"flags": ("app_ok",), "phase": ("connect",)}
    assert not read.unused
    odd = incident_of({"evidence": {}, "ruled_out": []}, name="it")
    assert odd.unused == ("'ruled_out' is a list and no object.",)


def test_a_report_of_firmlines_own_keeps_who_said_what_and_where() -> None:
    observed = {"field": "phase", "value": "scan", "seen": True, "origin": "trace", "where": "3 s"}
    odd = ({**observed, "seen": []}, {**observed, "origin": "me"}, 1, {"field": "phase"})
    report = {"evidence": {"phase": "scan", "flags": ["app_ok"]}, "observations": [*odd, observed]}
    read = incident_of(report, name="it")
    assert read.evidence == (
        Evidence(field="phase", value="scan", origin=Origin.TRACE, where="3 s"),
        Evidence(field="flags", value="app_ok", origin=Origin.REPORT),
    )
    others: tuple[object, ...] = ({}, "x", [{**observed, "value": "connect"}], list(odd))
    for other in others:
        read = incident_of({**report, "observations": other}, name="it")
        assert {each.origin for each in read.evidence} == {Origin.REPORT}


def test_a_field_that_stands_there_twice_is_not_used_unless_it_is_the_same() -> None:
    told = b'{"evidence": {"phase": "scan", "sdk": "ncs", "phase": "connect", "sdk": "ncs"}}'
    read = read_report(told, name="it")
    assert read.by_field() == {"sdk": ("ncs",)}
    assert read.unused == ("phase stands in it 2 times, and not the same.",)
    told = b'{"evidence": {"flags": "app_ok", "flags": ["rssi_low", "app_ok"]}}'
    assert read_report(told, name="it").by_field() == {"flags": ("app_ok", "rssi_low")}


def test_evidence_that_stands_there_twice_is_no_report() -> None:
    told = b'{"evidence": {"phase": "scan"}, "evidence": {"phase": "connect"}}'
    with pytest.raises(InputError, match="'evidence' twice"):
        read_report(told, name="it")


def test_a_report_without_end_is_read_to_a_bound() -> None:
    evidence = {f"field{number}": 1 for number in range(MAX_FIELDS * 3)}
    read = incident_of({"evidence": evidence}, name="it")
    assert len(read.unused) == MAX_FIELDS + 1
    many = incident_of({"evidence": {"flags": ["app_ok"] * 100_000}}, name="it")
    assert many.evidence == (Evidence(field="flags", value="app_ok", origin=Origin.REPORT),)


def test_a_long_word_is_shortened() -> None:
    read = incident_of({"evidence": {"x" * 10_000: 1, "phase": "y" * 10_000}}, name="it")
    assert all(len(each) < 250 for each in read.unused)


any_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["phase", "scan"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("evidence"), inner),
    max_leaves=12,
)


def read_or_refused(content: bytes) -> None:
    """Whatever it is, it is a report or one known error."""
    try:
        incident = read_report(content, name="it")
    except InputError as refused:
        code = refused.code
    else:
        rank(incident)
        return
    assert code is Code.REPORT_MALFORMED


@given(any_json)
def test_any_json_is_a_report_or_refused(report: object) -> None:
    read_or_refused(json.dumps(report).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_report_or_refused(content: bytes) -> None:
    read_or_refused(content)


def test_evidence_is_of_the_vocabulary() -> None:
    for field, value in (("phas", "scan"), ("phase", "init")):
        with pytest.raises(ValueError, match="no evidence of the vocabulary"):
            Evidence(field=field, value=value, origin=Origin.PERSON)

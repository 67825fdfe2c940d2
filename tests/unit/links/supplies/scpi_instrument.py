"""Bench supplies of pyvisa-sim, as it reads them from a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from string import Template

RESOURCE = "TCPIP::192.0.2.7::5025::SOCKET"
"""An address that is reserved for documentation (RFC 5737): nothing is ever there."""
_FILE = Template("""\
spec: "1.1"
devices:
  supply:
    eom:
      TCPIP SOCKET:
        q: "\\n"
        r: "\\n"
    error: "ERROR"
    dialogues:
$dialogues
    properties:
$properties
resources:
  $resource:
    device: supply
""")
_PROPERTY = Template("""\
      $name:
        default: $default
        getter:
          q: "$command?"
          r: "{$form}"
        setter:
          q: "$command {$form}"
        specs:
          type: $kind
""")
_SWITCH = Template("""\
      output:
        default: "$default"
        getter:
          q: "OUTP?"
          r: "{}"
        setter:
          q: "OUTP {}"
        specs:
          type: str
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What it says; the defaults are of one that does its work.

    Attributes:
        answers: To questions that are answered always alike; empty: it is a command, and taken.
        voltage: Volts it was found set to.
        is_on: Whether it was found on.
        measured: Volts it measures, whatever it is set to.
    """

    answers: dict[str, str] = field(default_factory=dict)
    voltage: float = 5.0
    is_on: bool = False
    measured: str = "2.998"

    def save(self, folder: Path) -> str:
        """Write it down; how PyVISA names it."""
        answers = {
            "*IDN?": "ACME Instruments,PS-100,SN42,1.0",
            "SYST:ERR?": '0,"No error"',
            "MEAS:VOLT?": self.measured,
            "MEAS:CURR?": "0.0042",
            **self.answers,
        }
        dialogues = "".join(
            f"      - q: {_quoted(question)}\n"
            + (f"        r: {_quoted(answer)}\n" if answer else "")
            for question, answer in answers.items()
        )
        properties = _PROPERTY.substitute(
            name="current", default=1.0, command="CURR", form=":.4f", kind="float"
        )
        if "VOLT?" not in answers:
            properties += _PROPERTY.substitute(
                name="voltage", default=self.voltage, command="VOLT", form=":.4f", kind="float"
            )
        if "OUTP?" not in answers:
            properties += _SWITCH.substitute(default="1" if self.is_on else "0")
        path = folder / "instrument.yaml"
        path.write_text(
            _FILE.substitute(dialogues=dialogues, properties=properties, resource=RESOURCE),
            encoding="utf-8",
        )
        return f"{path}@sim"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

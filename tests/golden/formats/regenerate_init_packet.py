"""Make ``init_packet_pb2.py`` and ``.pyi`` anew from ``init_packet.proto``.

The generator must be no newer than the oldest protobuf runtime that firmline allows (6.30): the
code it makes refuses to run on a runtime older than itself. grpcio-tools 1.72.1 fits::

    python -m venv /tmp/protoc && /tmp/protoc/bin/pip install grpcio-tools==1.72.1 setuptools
    /tmp/protoc/bin/python tests/golden/formats/regenerate_init_packet.py

``test_init_packet_schema.py`` proves that what is checked in fits the ``.proto``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grpc_tools import protoc

SOURCE = Path(__file__).resolve().parents[3] / "src"
PROTO = "firmline/formats/init_packet.proto"


def main() -> int:
    arguments = ["protoc", f"-I{SOURCE}", f"--python_out={SOURCE}", f"--pyi_out={SOURCE}"]
    status = int(protoc.main([*arguments, PROTO]))
    if status == 0:
        stub = SOURCE / PROTO.replace(".proto", "_pb2.pyi")
        # The generator writes a bare Mapping, which strict mypy refuses.
        stub.write_text(
            '# mypy: disable-error-code="type-arg"\n' + stub.read_text("utf-8"), "utf-8"
        )
    return status


if __name__ == "__main__":
    sys.exit(main())

"""The generated code belongs to the schema beside it, and runs on the oldest runtime allowed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from firmline.formats import init_packet_pb2

PROTO = "firmline/formats/init_packet.proto"


def test_the_generated_code_is_that_of_the_schema(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed")
    from grpc_tools import protoc  # noqa: PLC0415

    target = tmp_path / "schema.binpb"
    arguments = ["protoc", f"-I{root / 'src'}", f"--descriptor_set_out={target}", PROTO]
    assert protoc.main(arguments) == 0
    (fresh,) = FileDescriptorSet.FromString(target.read_bytes()).file
    checked_in = FileDescriptorProto.FromString(init_packet_pb2.DESCRIPTOR.serialized_pb)
    for message in fresh.message_type:
        for field in message.field:
            field.ClearField("json_name")  # the compiler's own addition to descriptor sets
    assert checked_in == fresh


def test_the_generated_code_runs_on_the_oldest_protobuf_allowed(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    (oldest,) = [
        re.findall(r"\d+", requirement)
        for requirement in project["dependencies"]
        if requirement.startswith("protobuf")
    ]
    source = (root / "src" / PROTO.replace(".proto", "_pb2.py")).read_text("utf-8")
    made_by = re.search(r"Protobuf Python Version: (\d+)\.(\d+)", source)
    assert made_by is not None
    assert tuple(map(int, made_by.groups())) <= tuple(map(int, oldest[:2]))

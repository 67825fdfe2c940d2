# mypy: disable-error-code="type-arg"
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Packet(_message.Message):
    __slots__ = ("command", "signed_command")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    SIGNED_COMMAND_FIELD_NUMBER: _ClassVar[int]
    command: bytes
    signed_command: SignedCommand
    def __init__(self, command: _Optional[bytes] = ..., signed_command: _Optional[_Union[SignedCommand, _Mapping]] = ...) -> None: ...

class SignedCommand(_message.Message):
    __slots__ = ("command", "signature_type", "signature")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    command: bytes
    signature_type: int
    signature: bytes
    def __init__(self, command: _Optional[bytes] = ..., signature_type: _Optional[int] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("op_code", "init")
    OP_CODE_FIELD_NUMBER: _ClassVar[int]
    INIT_FIELD_NUMBER: _ClassVar[int]
    op_code: int
    init: bytes
    def __init__(self, op_code: _Optional[int] = ..., init: _Optional[bytes] = ...) -> None: ...

class Hash(_message.Message):
    __slots__ = ("hash_type", "hash")
    HASH_TYPE_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    hash_type: int
    hash: bytes
    def __init__(self, hash_type: _Optional[int] = ..., hash: _Optional[bytes] = ...) -> None: ...

class BootValidation(_message.Message):
    __slots__ = ("type", "data")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    type: int
    data: bytes
    def __init__(self, type: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class InitCommand(_message.Message):
    __slots__ = ("fw_version", "hw_version", "sd_req", "type", "sd_size", "bl_size", "app_size", "hash", "is_debug", "boot_validation")
    FW_VERSION_FIELD_NUMBER: _ClassVar[int]
    HW_VERSION_FIELD_NUMBER: _ClassVar[int]
    SD_REQ_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SD_SIZE_FIELD_NUMBER: _ClassVar[int]
    BL_SIZE_FIELD_NUMBER: _ClassVar[int]
    APP_SIZE_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    IS_DEBUG_FIELD_NUMBER: _ClassVar[int]
    BOOT_VALIDATION_FIELD_NUMBER: _ClassVar[int]
    fw_version: int
    hw_version: int
    sd_req: _containers.RepeatedScalarFieldContainer[int]
    type: int
    sd_size: int
    bl_size: int
    app_size: int
    hash: Hash
    is_debug: bool
    boot_validation: _containers.RepeatedCompositeFieldContainer[BootValidation]
    def __init__(self, fw_version: _Optional[int] = ..., hw_version: _Optional[int] = ..., sd_req: _Optional[_Iterable[int]] = ..., type: _Optional[int] = ..., sd_size: _Optional[int] = ..., bl_size: _Optional[int] = ..., app_size: _Optional[int] = ..., hash: _Optional[_Union[Hash, _Mapping]] = ..., is_debug: bool = ..., boot_validation: _Optional[_Iterable[_Union[BootValidation, _Mapping]]] = ...) -> None: ...

"""Option types: words of the command line to values, with our own messages.

Those that are numbers are in :mod:`firmline.cli.numbers`.

A command of the type :class:`OnceCommand` takes each option once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias

import click

from firmline.cli.files import remember_input
from firmline.errors import Code, InputError, shortened
from firmline.tokens.uri import SCHEME, TokenUri, is_token_uri, parse_token_uri
from firmline.values import Fwid, parse_number

MAX_FWID: Final = 0xFFFF
STANDARD_STREAM: Final = "-"
"""What many programs take for standard input or output."""
_YES: Final = frozenset({"1", "yes", "true", "on", "y", "t"})
_NO: Final = frozenset({"0", "no", "false", "off", "n", "f"})
KeySource: TypeAlias = Path | TokenUri
"""Where a key is: in a file, or on a token. As text it may be shown."""


class OnceCommand(click.Command):
    """A command that refuses an option given twice; click would take the last without a word.

    Options that are made to be repeated (``multiple``) may be.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and see that no option with a value comes twice."""
        try:
            _, _, given = self.make_parser(ctx).parse_args(list(args))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # click's parser leaves out which command it was
            raise
        for param in given:
            if _is_single(param) and given.count(param) > 1:
                raise InputError(
                    Code.OPTION_CONFLICT,
                    f"{option_name(param)} is given twice.",
                    hint="Give it once; several values go into one, separated by commas, where the"
                    " option takes a list.",
                )
        return super().parse_args(ctx, args)


def _is_single(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not (param.is_flag or param.multiple)


class FilePath(click.Path):
    """The name of a file; an empty one is refused, where a shell's variable was not set.

    So is the URI of a key on a token, in which a PIN may stand: no message is to show it as a name.
    And so is ``-``, which many programs take for a standard stream: nobody wants a file called so.

    Args:
        stream: Whether the command takes ``-`` for a standard stream; it is ``Path("-")`` then.
    """

    instead_of_stream: ClassVar[str] = (
        f"Name the file; one that is really called so is written ./{STANDARD_STREAM}."
    )
    """What to do instead."""

    def __init__(self, *, stream: bool = False) -> None:
        super().__init__(path_type=Path, readable=False)  # who reads it says why it cannot
        self._stream = stream

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Parse the text of an option or argument."""
        self._check(value, param, ctx)
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        # ``./-`` is a file, and a Path of it would be the ``-`` that stands for a stream.
        is_meant = str(path) == STANDARD_STREAM != str(value)
        return Path(_here(), path) if is_meant else path

    def _check(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> None:
        """Refuse what is no name of a file, or by mistake.

        Raises:
            InputError: ``USAGE``.
        """
        if not value:
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} is empty, but has to name a file.",
                hint="If it came from a variable of the shell, see that the variable is set.",
            )
        if isinstance(value, str) and is_token_uri(value):
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} has to name a file, and was given the URI of a token.",
                hint=f"A file whose name begins like one is written ./{SCHEME}...",
            )
        if str(value) == STANDARD_STREAM and not self._stream:
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} has to name a file; {STANDARD_STREAM} is none.",
                hint=self.instead_of_stream,
            )
        if ctx is not None and value in _options(ctx.command):
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} has to name a file, and {value} is an option of this"
                " command.",
                hint=f"Name the file; one that is really called so is written ./{value}.",
            )


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise InputError(
            Code.FILE_MISSING,
            "The folder in which the command was started is not there any more.",
            hint="Change into a folder that is there, and run the command again.",
        ) from None


def _options(command: click.Command) -> set[str]:
    return {option for param in command.params for option in param.opts if option[:1] == "-"}


class KeyName(FilePath):
    """A key: the name of its file, or the ``pkcs11:`` URI of one on a token.

    The URI is read at once, and is from then on a value that does not show its PIN. The files that
    it names are not written over by the command, read or not.
    """

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Parse the text of an option or argument."""
        if isinstance(value, TokenUri):
            return value
        if isinstance(value, str) and is_token_uri(value):
            uri = parse_token_uri(value)
            for name in uri.files:
                remember_input(Path(name))
            return uri
        return super().convert(value, param, ctx)


def key_source(text: str) -> KeySource:
    """The key that a text names which is no option of its own.

    Raises:
        InputError: ``PKCS11_URI_MALFORMED``.
    """
    source: KeySource = KeyName().convert(text, None, None)
    return source


class YesNo(click.ParamType[bool]):
    """A switch with a value, as nrfutil has some: ``1`` or ``0``, or a word for it."""

    name = "0|1"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> bool:
        """Parse the text of an option."""
        if isinstance(value, bool):
            return value
        word = value.strip().lower()
        if word not in _YES | _NO:
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} is 1 or 0, and was given {shortened(value)!r}.",
                hint=f"1 is also written {_also(_YES)}; 0 is also written {_also(_NO)}.",
            )
        return word in _YES


def _also(words: frozenset[str]) -> str:
    return ", ".join(sorted(words - {"0", "1"}))


class FwidList(click.ParamType[tuple[Fwid, ...]]):
    """FWIDs or names of SoftDevices (``s132-6.1.1``), separated by commas; the order is kept."""

    name = "fwid,..."

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> tuple[Fwid, ...]:
        """Parse the text of an option."""
        if isinstance(value, tuple):
            return value
        name = option_name(param)
        return tuple(_parse_fwid(part, name) for part in value.split(","))


def _parse_fwid(text: str, option: str) -> Fwid:
    if text.strip()[:1].isdigit():  # numbers need no table
        return Fwid(parse_number(text, name=option, maximum=MAX_FWID))
    from firmline.formats.known_softdevices import parse_softdevice  # noqa: PLC0415

    return parse_softdevice(text, name=option)


class OrNone(click.ParamType[Any]):
    """Another type, or the word ``none``, which nrfutil reads as if the option was not there."""

    def __init__(self, inner: click.ParamType[Any]) -> None:
        self.name = inner.name
        self._inner = inner

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Parse the text of an option."""
        if isinstance(value, str) and value.lower() == "none":
            return None
        return self._inner.convert(value, param, ctx)


def option_name(param: click.Parameter | None) -> str:
    """The long name of an option, or what the help calls an argument; for messages."""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    return max(param.opts, key=len) if param else "the value"


def required(option: str, why: str) -> InputError:
    """The error for an option that is needed in this combination."""
    return InputError(Code.OPTION_MISSING, f"{option} is missing: {why}.")

"""The routes of the operator's page."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from firmline.errors import Code, FirmlineError, InputError, StoreError
from firmline.line.station import words
from firmline.line.station.desk import carry_out
from firmline.web.access import Access, Visitor
from firmline.web.failures import error_fields, status_of
from firmline.web.forms import read_form, whole_number
from firmline.web.operator.board import Board
from firmline.web.operator.stream import MEDIA_TYPE, stream
from firmline.web.pages import page
from firmline.web.rooms import Room, Site

PATH: Final = "/station"
ANSWER: Final = "answer:"
"""Begins the name of a field with an answer."""
LONGEST_LINE: Final = 200
"""Characters that a scanner or a person says at once; ours."""


class OperatorPages:
    """Answers the browsers of a station.

    Args:
        board: What the page shows.
    """

    def __init__(self, board: Board) -> None:
        self._board = board

    @property
    def room(self) -> Room:
        """The room."""
        return Room(
            title="Station",
            path=PATH,
            routes=(
                Route(PATH, self.show),
                Route(f"{PATH}/events", self.events),
                Route(f"{PATH}/say", self.say, methods=["POST"]),
                Route(f"{PATH}/slots/{{slot}}/seen", self.seen, methods=["POST"]),
                Route(f"{PATH}/slots/{{slot}}/result", self.result, methods=["POST"]),
                Route(f"{PATH}/slots/{{slot}}/stop", self.stop, methods=["POST"]),
            ),
            close=self._board.hub.close,
        )

    async def show(self, request: Request) -> Response:
        """The page, with everything as it is now."""
        board = self._board
        return page(
            request,
            "operator/station.html",
            head=board.head,
            slots=board.slots,
            now=board.hub.now,
            words=words.HELP,
            size=size_of(len(board.slots)),
        )

    async def events(self, request: Request) -> Response:
        """What changes from now on."""
        site: Site = request.app.state.site
        return StreamingResponse(
            stream(
                self._board.hub,
                epoch=site.epoch,
                may_listen=partial(_is_let_in, site.access, request),
            ),
            media_type=MEDIA_TYPE,
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def say(self, request: Request) -> Response:
        """What was scanned or typed."""
        try:
            fields = await read_form(request)
            line = fields.get("line", "")
            if len(line) > LONGEST_LINE:
                raise InputError(
                    Code.REQUEST_MALFORMED, f"A line has up to {LONGEST_LINE} characters."
                )
            chosen = fields.get("slot", "")
            said = words.understood(line, self._board.pattern)
            return await self._do(said, whole_number(chosen, "A slot") if chosen else None)
        except FirmlineError as error:
            return _refused(error)

    async def _do(self, said: words.Said | None, chosen: int | None) -> Response:
        board = self._board
        if isinstance(said, words.Quit):
            raise InputError(
                Code.STATION_COMMAND, "A station is ended where it was started, not on its page."
            )
        slot = await carry_out(said, board.station, chosen=chosen)
        if isinstance(said, words.SetBatch | words.SetOperator):
            board.shift_changed()
        return JSONResponse({"slot": slot, **_answer(said)})

    async def seen(self, request: Request) -> Response:
        """Somebody has seen what a slot shows, with a button."""
        return await self._with_slot(request, words.Acknowledge)

    async def stop(self, request: Request) -> Response:
        """The run of a slot is to stop, with a button."""
        return await self._with_slot(request, words.Abort)

    async def result(self, request: Request) -> Response:
        """What the next test of a diagnosis has shown."""
        try:
            slot = whole_number(request.path_params["slot"], "A slot")
            fields = await read_form(request)
            view = await self._board.station.take_result(
                slot,
                run=whole_number(fields.get("run", ""), "A run"),
                test=fields.get("test", ""),
                answers={
                    name.removeprefix(ANSWER): value
                    for name, value in fields.items()
                    if name.startswith(ANSWER) and value
                },
            )
        except FirmlineError as error:
            return _refused(error)
        left = "the next test is shown" if view.next_test else "no other test would tell more"
        return JSONResponse({"slot": None, "message": f"Kept: {left}."})

    async def _with_slot(
        self, request: Request, said: type[words.Acknowledge | words.Abort]
    ) -> Response:
        try:
            slot = whole_number(request.path_params["slot"], "A slot")
            run = whole_number((await read_form(request)).get("run", ""), "A run")
            view = self._board.station.view(slot)
            if view.run != run:
                raise InputError(
                    Code.SLOT_NOT_FREE, f"Slot {slot} shows another run by now: look again."
                )
            return await self._do(said(slot), None)
        except FirmlineError as error:
            return _refused(error)


async def _is_let_in(access: Access, request: Request) -> bool:
    """Whether whoever once asked would still be let in, under the same name.

    While the records cannot be read nobody knows: an operator has to see the slots all the same.
    """
    try:
        admitted = await access.admit(request)
    except StoreError:
        return True
    return isinstance(admitted, Visitor) and admitted.name == request.state.visitor.name


def _answer(said: words.Said | None) -> dict[str, object]:
    """What is answered when it was done."""
    match said:
        case words.ScanUnit(serial=serial):
            told = f"{serial} is at work."
        case words.Rework(serial=serial):
            told = f"{serial} is back from rework: scan it."
        case words.ChooseSlot(slot=slot):
            told = f"The next unit goes into slot {slot}."
        case words.Acknowledge(slot=None):
            told = "All of them were seen."
        case words.Acknowledge(slot=slot):
            told = f"Slot {slot} was seen; it takes the next unit."
        case words.Abort(slot=slot):
            told = f"Slot {slot} is being stopped."
        case words.SetBatch(batch=batch):
            told = f"Units from now on are of the batch {batch}." if batch else "No batch any more."
        case words.SetOperator(operator=operator):
            told = f"{operator} scans from now on." if operator else "Nobody says who scans."
        case _:
            told = ""
    return {"message": told, "help": isinstance(said, words.ShowHelp)}


def _refused(error: FirmlineError) -> Response:
    return JSONResponse(error_fields(error), status_code=status_of(error))


def size_of(slots: int) -> str:
    """How large the cards of so many slots can be."""
    if slots <= 2:
        return "huge"
    if slots <= 4:
        return "large"
    return "middle" if slots <= 12 else "small"

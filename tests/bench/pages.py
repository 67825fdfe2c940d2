"""How late a browser shows what happens in a station: 32 slots, each with 10 changes a second.

In real Chromium: from the moment at which a slot changes in the server to the moment at which its
card is another one, by the clock that both have.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.run import Figure
from browser import DESK, chromium
from firmline.line.station.slots import SlotState, SlotView
from firmline.web.app import build_app
from firmline.web.listen import ListenAddress, listening_socket
from firmline.web.operator.cards import card_of
from firmline.web.operator.hub import Hub
from firmline.web.operator.routes import size_of
from firmline.web.operator.stream import MEDIA_TYPE, stream
from firmline.web.pages import fragment, page
from firmline.web.rooms import Room, Site
from firmline.web.serving import serving

SLOTS: Final = 32
PER_SECOND: Final = 10
"""Changes of a slot: as often as a station shows progress."""
SECONDS: Final = 10
LIMIT_MS: Final = 50.0
"""Of the slowest but 5 % (issue 7, "Speed and load")."""
WATCH: Final = """
() => {
  window.lags = [];
  for (const slot of document.querySelectorAll(".slot")) {
    new MutationObserver(() => {
      const told = slot.querySelector(".serial");
      const now = performance.timeOrigin + performance.now();
      if (told) window.lags.push(now - Number(told.textContent));
    }).observe(slot, { childList: true });
  }
}
"""


class Floor:
    """A station's page without its units: slots that change by the clock."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.view = SlotView(number=1, state=SlotState.RUNNING, step="Update", place=5, steps=7)

    async def show(self, request: Request) -> Response:
        """The page of a station."""
        from firmline.line.station.station import Shift  # noqa: PLC0415 - heavy
        from firmline.web.operator.board import Head  # noqa: PLC0415 - likewise

        head = Head(station="bench", title="Bench", version=1, shift=Shift())
        return page(
            request,
            "operator/station.html",
            head=head,
            slots=range(1, SLOTS + 1),
            now=self.hub.now,
            words=(),
            size=size_of(SLOTS),
        )

    async def events(self, request: Request) -> Response:
        """What changes."""
        from starlette.responses import StreamingResponse  # noqa: PLC0415 - beside its use

        epoch = request.app.state.site.epoch
        return StreamingResponse(stream(self.hub, epoch=epoch), media_type=MEDIA_TYPE)

    async def change(self) -> None:
        """Every slot, again and again; its serial number is the time in milliseconds."""
        while True:
            for number in range(1, SLOTS + 1):
                serial = f"{time.time() * 1000:.3f}"
                view = replace(self.view, number=number, serial=serial, share=0.5, rate_kb_s=9.1)
                card = card_of(view, is_next=False)
                self.hub.tell(
                    f"slot-{number}",
                    lambda card=card: fragment("operator/card.html", card=card),  # type: ignore[misc]
                )
                await asyncio.sleep(1 / PER_SECOND / SLOTS)

    async def serve(
        self, ready: threading.Event, address: list[str], over: threading.Event
    ) -> None:
        """Serve until it is over."""
        listener = listening_socket(ListenAddress(host="127.0.0.1", port=0))
        routes = (Route("/station", self.show), Route("/station/events", self.events))
        room = Room(title="Station", path="/station", routes=routes, close=self.hub.close)
        async with serving(build_app(Site(name="bench"), [room]), listener):
            address.append(f"http://127.0.0.1:{listener.getsockname()[1]}")
            changing = asyncio.create_task(self.change())
            ready.set()
            await asyncio.to_thread(over.wait)
            changing.cancel()


def lags_ms() -> list[float]:
    """How late each change was shown."""
    ready, over, address = threading.Event(), threading.Event(), list[str]()
    thread = threading.Thread(target=lambda: asyncio.run(Floor().serve(ready, address, over)))
    thread.start()
    try:
        ready.wait()
        with chromium() as browser:
            shown = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
            shown.goto(f"{address[0]}/station")
            shown.wait_for_timeout(1000)
            shown.evaluate(WATCH)
            shown.wait_for_timeout(SECONDS * 1000)
            return [float(each) for each in json.loads(shown.evaluate("JSON.stringify(lags)"))]
    finally:
        over.set()
        thread.join()


def measure_pages() -> list[Figure]:
    """The figure of the table."""
    name = f"page, {SLOTS} slots: change to shown, p95"
    try:
        found = lags_ms()
    except BaseException as missing:
        if type(missing).__name__ != "Skipped":
            raise
        return [Figure(name=name, unit="ms", limit=LIMIT_MS, values=(), why_not=str(missing))]
    p95 = statistics.quantiles(found, n=20)[-1]
    return [Figure(name=name, unit="ms", limit=LIMIT_MS, values=(p95,))]


if __name__ == "__main__":
    for figure in measure_pages():
        print(figure.row())

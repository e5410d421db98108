"""The head unit's page: one HTML file and its state as JSON, served to this machine only."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dms.errors import HardwareError
from hil.cockpit.head_unit import MENU, TRACKS
from hil.cockpit.on_bus import HeadUnitNode

HTML = Path(__file__).with_name("page.html")


def shown(node: HeadUnitNode, t: float) -> dict[str, Any]:
    """What the page draws."""
    unit, heard, statement = node.unit, node.heard, node.readiness.statement(t)
    return {
        "context": unit.context, "volume": unit.volume, "muted": unit.muted, "playing": unit.playing,
        "track": TRACKS[unit.track], "zoom": unit.zoom, "pan": list(unit.pan), "degrees": unit.degrees,
        "menu": list(MENU), "chosen": unit.chosen, "caller": unit.caller, "log": list(unit.log),
        "gesture": heard.gesture, "phase": heard.phase, "function": heard.function, "events": heard.events,
        "inhibited": heard.inhibited, "ready": statement.ready, "readiness": statement.readiness, "level": statement.level,
    }  # fmt: skip


class Page:
    """A web server on a thread of its own; a context manager.

    Args:
        state: gives what ``shown`` gives, from any thread.
        port: 0 takes a free one.

    Raises:
        HardwareError: the port is taken.
    """

    def __init__(self, state: Callable[[], dict[str, Any]], port: int = 0) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """The page, its state, or nothing."""
                if self.path == "/":
                    self._answer("text/html; charset=utf-8", HTML.read_bytes())
                elif self.path == "/state":
                    self._answer("application/json", json.dumps(state()).encode())
                else:
                    self.send_error(404)

            def _answer(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the terminal is the demo's."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise HardwareError(f"port {port} cannot be opened: {error.strerror}; give another one, or 0 for any") from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="cockpit-page", daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> "Page":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

"""ASGI entry: web sockets for subscriptions, and everything else for servers that speak nothing but ASGI."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bingeboard.settings")
pages = get_asgi_application()

from bingeboard.sockets import door  # noqa: E402 - only once Django is set up

socket = door()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send a connection where it belongs."""
    if scope["type"] == "websocket" and scope["path"] == "/graphql/":
        await socket(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404})
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await pages(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    """Say that starting and ending need nothing."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return

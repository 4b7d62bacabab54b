"""
The side door: subscriptions over web sockets, in the protocol graphql-transport-ws.

The protocol is the library's. What is ours: who may come in is asked as at the street door, and again before every list
that is sent; whose list may have changed is seen by one look a quarter of a second at the states of all who listen, so
acts cost nothing more than before, and nothing is lost as a message would be; and each list is made in a thread, by the
same path as a query.
"""

import asyncio
import contextlib
import io
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections
from graphql import GraphQLError
from strawberry.channels import GraphQLWSConsumer
from strawberry.exceptions import ConnectionRejectionError, MissingQueryError
from strawberry.schema import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from bingeboard.context import Context
from bingeboard.errors import BingeBoardError, Invalid, Unauthenticated
from bingeboard.graphql import trusted
from bingeboard.graphql.problems import is_database_down, present
from bingeboard.schema import schema
from bingeboard.views import account_of, context_of
from recommendations.engine.config import DEFAULT
from recommendations.graphql.changes import Look
from recommendations.queries.changes import Mark, marks_of

logger = logging.getLogger(__name__)
CONSTANTS = DEFAULT.subscriptions
# Lists that are made at once; the others wait their turn.
THREADS = ThreadPoolExecutor(4, thread_name_prefix="sockets")
# What a client may say of who it is, in the first message or as headers of the handshake.
NAMES = ("authorization", "x-viewer-id")
UNAUTHORIZED = 4401


class Told(GraphQLError):
    """An error that is already in the form in which clients see it."""

    def __init__(self, shown: dict[str, Any]) -> None:
        super().__init__(shown["message"])
        self.shown = shown

    @property
    def formatted(self) -> Any:
        return self.shown


def in_thread(work: Callable[..., Any]) -> Any:
    """Return work as something to be awaited; its database connection goes back to the pool."""
    return SyncToAsync(_tidily(work), thread_sensitive=False, executor=THREADS)


def _tidily(work: Callable[..., Any]) -> Callable[..., Any]:
    def tidily(*args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return tidily


@dataclass(eq=False)
class Place:
    """One subscription that waits for its viewer's list to change."""

    user_id: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Watch:
    """Who listens in this process, and the one task that looks whether anything happened to them."""

    def __init__(self) -> None:
        self._places: dict[str, set[Place]] = {}
        self._marks: dict[str, Mark | None] = {}
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def place(self, user_id: str) -> Iterator[Place]:
        """Wait for a viewer within the block; refused where too many do."""
        mine = self._places.get(user_id, set())
        if len(mine) >= CONSTANTS.of_a_viewer:
            raise BingeBoardError(
                f"you listen {len(mine)} times already; end one of these subscriptions first", code="RATE_LIMITED"
            )
        if sum(map(len, self._places.values())) >= CONSTANTS.of_a_process:
            raise BingeBoardError("too many listen here; try again later", code="RATE_LIMITED")
        place = Place(user_id)
        self._places.setdefault(user_id, mine).add(place)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield place
        finally:
            mine.discard(place)
            if not mine:
                self._places.pop(user_id, None)
                self._marks.pop(user_id, None)

    async def _look(self) -> None:
        reachable = True
        while self._places:
            try:
                found = await in_thread(marks_of)(user_ids=list(self._places))
            except DatabaseError as error:
                # What happens meanwhile is different from the marks when it is back.
                if reachable:
                    logger.warning("changes can not be seen: %s", type(error).__name__)
                reachable = False
            else:
                reachable = True
                self._compare(found)
            await asyncio.sleep(CONSTANTS.every)

    def _compare(self, found: Mapping[str, Mark]) -> None:
        for user_id, places in self._places.items():
            mark = found.get(user_id)
            # The first look at a viewer counts as a change: the list may be older than it.
            if user_id not in self._marks or self._marks[user_id] != mark:
                self._marks[user_id] = mark
                for place in places:
                    place.changed.set()


@dataclass
class Caller:
    """Who opened a connection: what they said of themselves, to be asked anew before every list."""

    scope: Mapping[str, Any]
    socket: "Socket"
    connection_params: Mapping[str, Any] = field(default_factory=dict)

    def context(self) -> Context:
        """Return who is asking, as the street door finds it; raises what it raises. Cookies are left out."""
        said = {name: value for name, value in self._said() if name in NAMES and isinstance(value, str)}
        headers = [(name.encode(), value.encode("utf-8", "replace")) for name, value in said.items()]
        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/graphql/", "query_string": b""}
        scope |= {"headers": headers, "client": self.scope.get("client"), "server": self.scope.get("server")}
        found = context_of(ASGIRequest(scope, io.BytesIO()), uuid.uuid4().hex)
        found.require_user()
        return found

    def _said(self) -> Iterator[tuple[str, Any]]:
        """Yield header by header; what the first message says comes last and wins."""
        for name, value in self.scope.get("headers", ()):
            yield name.decode("latin1").lower(), value.decode("latin1")
        for key, value in self.connection_params.items():
            yield str(key).lower(), value


class Socket(GraphQLWSConsumer[Caller, None]):
    """One connection."""

    async def get_context(self, request: Any, response: Any) -> Caller:
        """Return the caller, who has not said anything yet."""
        return Caller(scope=self.scope, socket=self)

    async def on_ws_connect(self, context: Caller) -> Any:
        """Refuse who can not sign in, before anything is asked."""
        try:
            await in_thread(context.context)()
        except (BingeBoardError, DatabaseError):
            raise ConnectionRejectionError from None
        return await super().on_ws_connect(context)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a message in, unless it is longer than a request may be."""
        if len(text_data or "") > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            await self.close(code=4400, reason="Message too long")
            return
        await super().receive(text_data, bytes_data)


class Listening:
    """The schema as the protocol's handler uses it: each operation is a stream of results."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    async def stream(
        self, query: str, *, variable_values: Any, context_value: Caller, operation_name: str | None, **_: Any
    ) -> AsyncIterator[ExecutionResult | PreExecutionError]:
        """Return the results of a subscription, one whenever its list changed."""
        return self._results(query, variable_values, context_value, operation_name)

    async def _results(
        self, query: Any, variables: Any, caller: Caller, operation_name: Any
    ) -> AsyncIterator[ExecutionResult | PreExecutionError]:
        latest, sent = Look(), False
        try:
            viewer = (await in_thread(caller.context)()).require_user()
            with self.watch.place(viewer.id) as place:
                while True:
                    place.changed.clear()
                    found = await in_thread(_looked)(query, variables, operation_name, caller, latest)
                    if found is not None:
                        yield found
                        if found.errors:
                            return
                        sent = True
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(place.changed.wait(), CONSTANTS.checked)
        except Unauthenticated:
            # The token was good when the connection was opened: it has been revoked, or its viewer is gone.
            await caller.socket.close(code=UNAUTHORIZED, reason="Unauthorized")
        except BingeBoardError as error:
            shown = {"message": error.message, "extensions": {"code": error.code}}
            yield (ExecutionResult if sent else PreExecutionError)(data=None, errors=[Told(shown)])


def _looked(
    query: Any, variables: Any, operation_name: Any, caller: Caller, latest: Look
) -> ExecutionResult | PreExecutionError | None:
    """Execute the subscription once; None where there is nothing new to be sent, or it can not be known now."""
    first = latest.titles is None
    latest.unchanged = False
    try:
        context = caller.context()
        context.account = account_of(context)
        if not isinstance(query, str) or not isinstance(variables or {}, dict):
            raise Invalid('send a payload of {"query": "subscription { ... }", "variables": {...}}')
        result = schema.execute_sync(
            trusted.document_of({"query": query}),
            variable_values=variables,
            operation_name=operation_name if isinstance(operation_name, str) else None,
            context_value=context,
            root_value=latest,
            allowed_operation_types=frozenset({OperationType.SUBSCRIPTION}),
        )
    except MissingQueryError:
        raise Invalid('send a payload of {"query": "subscription { ... }"}') from None
    except CannotGetOperationTypeError as error:
        raise Invalid(error.as_http_error_reason()) from None
    except InvalidOperationTypeError:
        raise Invalid("only subscriptions are served here; send queries and mutations by HTTP") from None
    except DatabaseError:
        if first:
            raise BingeBoardError("the database does not answer; try again", code="INTERNAL") from None
        return None
    errors = result.errors or []
    if latest.unchanged or (not first and any(_passes(error.original_error) for error in errors)):
        return None
    if not errors:
        return cast(ExecutionResult, result)
    told: list[GraphQLError] = [Told(present(error, context.request_id)) for error in errors]
    return (PreExecutionError if first else ExecutionResult)(data=None, errors=told)


def _passes(error: BaseException | None) -> bool:
    """Whether the next look may do better: the database is away, or the viewer's points of this minute are spent."""
    return is_database_down(error) or (isinstance(error, BingeBoardError) and error.code == "RATE_LIMITED")


def door() -> Any:
    """Return the ASGI application of the web socket."""
    return Socket.as_asgi(
        schema=cast(BaseSchema, Listening(Watch())),
        subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
        connection_init_wait_timeout=timedelta(seconds=CONSTANTS.hello),
        max_subscriptions_per_connection=CONSTANTS.of_a_connection,
        # No cookie is looked at, so a page of another house can do no more here than any other client.
        allowed_origins=("*",),
    )

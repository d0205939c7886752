"""Live updates: server-sent events name what changed; the page then reloads itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from .snapshot import ClusterKey, digest_of
from .state import Console, console_of
from .store import Store

__all__ = ["router", "topic_digest"]

_POLL_S = 1.0
_KEEP_ALIVE_S = 15.0
_LONGEST_S = 3600.0
"""After so long a stream ends, and the browser begins another: no identity outlives its session."""
_WATCHED_AGAIN_S = 30.0
router = APIRouter(prefix="/events", include_in_schema=False)


def topic_digest(store: Store, topic: str) -> str:
    """Give a text that changes whenever what a page of that topic shows does."""
    kind, _, name = topic.partition(":")
    snapshot = store.snapshot
    if kind == "cluster" and (key := _key(name)) is not None:
        groups = [group.digest for group in snapshot.clusters.get(key, ())]
        details = store.details.get(key)
        application = snapshot.clusters[key][0].values["application"] if groups else ""
        runs = [(run.id, run.outcome) for run in store.runs.get(application or "", ())]
        return digest_of(groups, details.digest if details else "", runs)
    if kind == "application":
        keys = snapshot.applications.get(name, ())
        groups = [group.digest for key in keys for group in snapshot.clusters[key]]
        return digest_of(groups, [(run.id, run.outcome) for run in store.runs.get(name, ())])
    if kind == "documents":
        return digest_of([page.read_at for page in store.pages.values()])
    if kind == "snapshots":
        return digest_of([(state.read_at, state.error) for state in snapshot.locations.values()])
    return digest_of(snapshot.digest, [(name, len(runs)) for name, runs in store.runs.items()])


def _key(name: str) -> ClusterKey | None:
    parts = name.split(":", 2)
    return ClusterKey(*parts) if len(parts) == 3 else None


@router.get("")
async def events(request: Request, topic: Annotated[str, Query(max_length=400)] = "all") -> StreamingResponse:
    """Stream an event whenever what a topic shows has changed."""
    console = console_of(request)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _stream(request, console, topic), media_type="text/event-stream", headers=headers
    )


async def _stream(request: Request, console: Console, topic: str) -> AsyncIterator[str]:
    store, loop = console.store, asyncio.get_running_loop()
    began = quiet_since = watched_at = loop.time()
    version, digest = store.version, topic_digest(store, topic)
    last = request.headers.get("Last-Event-ID")
    yield "retry: 3000\n\n"
    if last is not None and last != digest:
        yield _event(topic, digest)
    while loop.time() - began < _LONGEST_S and not await request.is_disconnected():
        if loop.time() - watched_at >= _WATCHED_AGAIN_S:
            watched_at = loop.time()
            _watch_again(console, topic)
        if store.version != version:
            version = store.version
            fresh = topic_digest(store, topic)
            if fresh != digest:
                digest, quiet_since = fresh, loop.time()
                yield _event(topic, digest)
        elif loop.time() - quiet_since >= _KEEP_ALIVE_S:
            quiet_since = loop.time()
            yield ": still here\n\n"
        await asyncio.sleep(_POLL_S)


def _event(topic: str, digest: str) -> str:
    return f"id: {digest}\nevent: changed\ndata: {json.dumps({'topic': topic})}\n\n"


def _watch_again(console: Console, topic: str) -> None:
    """Keep a cluster watched for as long as its page is open."""
    kind, _, name = topic.partition(":")
    key = _key(name) if kind == "cluster" else None
    if key is not None and key in console.store.snapshot.clusters:
        console.store.watch(key, console.now)

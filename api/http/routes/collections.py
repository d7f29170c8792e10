"""Collections: make, list, look at, delete."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.http.auth import MayAdmin, MayRead
from api.http.openapi import errors
from api.http.schemas.collections import CollectionOut, CollectionsOut, NewCollection
from api.http.state import Running

router = APIRouter(prefix="/v1/collections", tags=["collections"])


@router.post("", status_code=201, summary="Make a collection", responses=errors(409, 422))
def create(body: NewCollection, running: Running, caller: MayAdmin, response: Response) -> CollectionOut:
    """Needs an admin key. 409 `collection_exists` when there is one of that name."""
    caller.require("admin", body.name)
    made = running.store.collections.create(body.name, body.description)
    response.headers["Location"] = f"/v1/collections/{made.name}"
    return CollectionOut.of(made)


@router.get("", summary="List collections", responses=errors())
def every(running: Running, caller: MayRead) -> CollectionsOut:
    """Those that the key covers, with document and chunk counts."""
    reached = [one for one in running.store.collections.all() if caller.reaches(one.name)]
    return CollectionsOut(collections=[CollectionOut.of(one) for one in reached])


@router.get("/{collection}", summary="Look at a collection", responses=errors(404))
def one(collection: str, running: Running, _: MayRead) -> CollectionOut:
    """With document and chunk counts."""
    return CollectionOut.of(running.store.collections.get(collection))


@router.delete("/{collection}", status_code=204, summary="Delete a collection", responses=errors(404))
def delete(collection: str, running: Running, _: MayAdmin) -> None:
    """With every document in it. Needs an admin key."""
    running.store.collections.delete(collection)

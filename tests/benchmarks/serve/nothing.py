"""The service with one endpoint more, which does nothing: the least that an answer of this service can cost.

It is the product's own class with the same middlewares and access control, in the same process; the body
it is sent is let in by the same limits and read by nobody.
"""

from dataclasses import replace
from typing import Any

import bentoml
from pydantic import BaseModel
from starlette.responses import Response

from serving.contract.routes import PREDICT, ROUTES
from serving.server.service import KapOutcomes
from tests.benchmarks.serve.answers import NOTHING, NOTHING_ROUTE

ROUTES[NOTHING_ROUTE] = replace(ROUTES[PREDICT], path=NOTHING_ROUTE)
_product: Any = KapOutcomes  # what the decorator makes of the class


class EmptyDocument(BaseModel):
    """An empty document."""


class _EmptyRouteService(_product.inner):  # type: ignore[misc]
    """Answers the clinic, and those who ask for nothing."""

    @bentoml.api(route=NOTHING_ROUTE, output_spec=EmptyDocument)  # type: ignore[untyped-decorator]
    async def nothing(self) -> Response:
        """An empty document."""
        return Response(NOTHING, media_type="application/json")


KapOutcomesAndNothing: Any = bentoml.service(name=_product.name, **_product.config)(_EmptyRouteService)
for _middleware, _options in _product.middlewares:
    KapOutcomesAndNothing.add_asgi_middleware(_middleware, **_options)
for _app, _path, _name in _product.mount_apps:
    KapOutcomesAndNothing.mount_asgi_app(_app, _path, _name)

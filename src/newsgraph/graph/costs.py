"""What operations of the newsroom's schema cost, as its @cost and @listSize say, and that none costs too much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLField

from newsgraph.engine.costs import Cost, Costs, Pages, Price
from newsgraph.engine.documents import Document, RequestError
from newsgraph.graph.directives import Cost as CostDirective
from newsgraph.graph.directives import ListSize
from newsgraph.graph.schema import NewsSchema
from newsgraph.settings import Settings


class Budget:
    """Says what an operation costs, and refuses what is too dear."""

    def __init__(self, schema: NewsSchema, settings: Settings) -> None:
        pages = Pages(settings.page_default, settings.page_maximum)
        self._costs = Costs(schema.core, _price_of, pages)
        self.maximum = settings.cost_maximum

    def cost(self, document: Document, variables: Mapping[str, Any] | None) -> int:
        return document.derived(self._of).of(variables or {})

    def _of(self, document: Document) -> Cost:
        return self._costs.of(document)

    def check(self, document: Document, variables: Mapping[str, Any] | None) -> int:
        """The cost. Errors: RequestError, with both numbers."""
        requested = self.cost(document, variables)
        if self.maximum and requested > self.maximum:
            message = (
                f"The operation costs {requested}, and the most is {self.maximum}. Ask for less, or for shorter lists."
            )
            said = {"code": "COST_TOO_HIGH", "cost": self.said(requested)}
            raise RequestError([GraphQLError(message, extensions=said)])
        return requested

    def said(self, requested: int) -> dict[str, int]:
        """As it stands in `extensions.cost`."""
        return {"requested": requested, "maximum": self.maximum}


def _price_of(definition: GraphQLField) -> Price:
    own = definition.extensions.get("strawberry-definition")
    directives = getattr(own, "directives", None) or ()
    weight = sum(one.weight for one in directives if isinstance(one, CostDirective))
    size = next((one for one in directives if isinstance(one, ListSize)), None)
    if size is None:
        return Price(weight, assumed=_FEW)
    return Price(weight, size.slicing_arguments or (), size.sized_fields or (), size.assumed_size or None)


_FEW = 5  # items of a list of which the schema says nothing

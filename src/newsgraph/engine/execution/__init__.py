"""Compiled, breadth-first execution of GraphQL operations, for schemas of Strawberry's and of graphql-core.

    operation = compile(schema, document)
    result = operation.execute(root_value, context, variables)
    result = await result if isawaitable(result) else result

A validated operation is turned into plain functions when it is first executed. They handle the case without errors; for
everything else the reference executor runs the operation again, so every error is one of graphql-core's. How that works
and what it rests on: docs/execution.md.
"""

from newsgraph.engine.execution.executor import Compiled, at_once, compile, compiling
from newsgraph.engine.execution.values import WayBack

__all__ = ["Compiled", "WayBack", "at_once", "compile", "compiling"]

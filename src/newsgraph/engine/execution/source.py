"""From an operation to Python: the text of a function for each selection set, type by type.

What is generated for `{ article(slug: "a") { headline tags } }` on a Strawberry schema looks like this:

    def bind(later, infos, arguments, type_resolver):
        i0, = infos
        def odd(x, d, key, complete): ...
        def o1(o):                                                   # Query
            d = {'article': None}
            later((r0(info=i0, slug=k0), d, 'article', c2))          # a coroutine: awaited with its level
            return d
        def o2(o):                                                   # Article
            return {
                'headline': x if type(x := o.headline) is str else c0(x),
                'tags': l1(x := o.tags),
            }
        ...
        return o1

Names: o completes an object of a known type, a one of an abstract type, l a list, c anything (it is called for what
fits no fast path), s and w serialise a leaf that is not null, e looks up an enum's names; r are resolvers, t predicates
of types, C classes, k constant arguments, g other arguments, i infos. What needs nothing of the request stands outside
`bind`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from keyword import iskeyword
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    OperationType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from graphql.execution import Executor, default_field_resolver
from graphql.execution.collect_fields import CollectedFields, FieldDetails, collect_fields, collect_subfields
from graphql.pyutils import Undefined
from graphql.pyutils.is_awaitable import is_awaitable

from newsgraph.engine.execution import fields, values
from newsgraph.engine.execution.fields import Arguments, Attribute, Call
from newsgraph.engine.execution.infos import Place

_FIELDS_MAX = 500  # of all types in an operation, some 30 ms; a longer one is left to the reference executor

_HEAD = """
def bind(later, infos, arguments, type_resolver):
    def odd(x, d, key, complete):
        if is_awaitable(x):
            later((x, d, key, complete))
            return None
        return complete(x)
    def had(x, d, key, complete, o, name):
        if is_awaitable(x) and is_kept(x, o, name):
            refuse(None)
        return odd(x, d, key, complete)
"""

_TESTS: dict[object, str] = {
    GraphQLString: "type({value}) is str",
    GraphQLID: "type({value}) is str",
    GraphQLInt: "type({value}) is int and -2147483648 <= {x} <= 2147483647",
    GraphQLFloat: "type({value}) is float and {x} - {x} == 0",
    GraphQLBoolean: "type({value}) is bool",
}
"""For which values the five scalars are serialised as they are. Infinity and NaN minus themselves are not 0."""

Details = list[FieldDetails]


class TooLarge(Exception):
    """More fields than are compiled."""


class OneAfterTheOther(Exception):
    """Several changes, each of which has to end before the next begins."""


@dataclass(frozen=True, slots=True)
class Program:
    """An operation for one combination of what @skip and @include depend on."""

    bind: Callable[..., Callable[[Any], dict[str, Any]]]
    places: list[Place]
    arguments: list[tuple[Arguments, int | None]]
    """How they are read, and at which place is the info that is passed on."""


@dataclass(frozen=True, slots=True)
class _Code:
    """How values of a type are completed.

    `test`: for which values `then` does it; `name`: a function for any value; `direct`: one for values that are not
    null, not awaitable and no exception; `bound`: whether they need something of the request.
    """

    name: str
    test: str
    then: str
    direct: str | None = None
    bound: bool = False

    def expression(self, value: str, x: str = "x", otherwise: str | None = None) -> str:
        """Completes a value, which is assigned to `x` on the way."""
        then = self.then.format(x=x)
        otherwise = otherwise or f"{self.name}({x})"
        if then == otherwise:
            return f"{self.name}({value})"
        return f"{then} if {self.test.format(value=value, x=x)} else {otherwise}"


@dataclass(frozen=True, slots=True)
class _Site:
    """A field of a type, where it is selected."""

    parent: GraphQLObjectType
    definition: GraphQLField
    details: Details

    @property
    def nodes(self) -> tuple[int, ...]:
        return tuple(id(details.node) for details in self.details)


class Compiler:
    """Writes one program. `executor` says which fields are selected, with its variables."""

    def __init__(self, executor: Executor[Any]) -> None:
        self._executor = executor
        self._schema = executor.schema
        self._classes = values.Classes()
        self._names: dict[str, Any] = {
            "plain": self._classes,
            "learn": self._classes.learn,
            "Lists": values.Lists,
            "SEQUENCES": values.SEQUENCES,
            "refuse": values.refuse,
            "confirm": values.confirm,
            "is_awaitable": is_awaitable,
            "is_kept": values.is_kept,
            "default_field_resolver": default_field_resolver,
            "Undefined": Undefined,
        }
        self._known: dict[Any, tuple[str, bool]] = {}
        self._outside: list[str] = []
        self._inside: list[str] = []
        self._places: dict[Any, int] = {}
        self._program_places: list[Place] = []
        self._arguments: list[tuple[Arguments, int | None]] = []
        self._numbers = count()
        self._fields = 0

    def program(self) -> Program:
        text = self._text()
        exec(compile(text, "<operation>", "exec"), self._names)  # noqa: S102 - names in it are GraphQL's or ours
        return Program(self._names["bind"], self._program_places, self._arguments)

    def _text(self) -> str:
        executor = self._executor
        root = self._schema.get_root_type(executor.operation.operation)
        assert root is not None  # noqa: S101 - the caller looked
        collected = collect_fields(self._schema, executor.fragments, executor.variable_values, root, executor.operation)
        if executor.operation.operation is OperationType.MUTATION and len(collected.grouped_field_set) > 1:
            raise OneAfterTheOther
        name = self._new("o")
        self._object(name, root, collected, None)
        head = [_HEAD, *(f"    {line}\n" for line in self._unpacked())]
        inside = [line for block in self._inside for line in block.splitlines(keepends=True)]
        return "".join([*self._outside, *head, *(f"    {line}" for line in inside), f"    return {name}\n"])

    def _unpacked(self) -> list[str]:
        """Infos and arguments by name: an inner function reads a variable faster than an item."""
        infos = [f"i{index}, " for index in range(len(self._program_places))]
        arguments = [f"g{index}, " for index in range(len(self._arguments))]
        return [f"{''.join(part)}= {of}" for part, of in ((infos, "infos"), (arguments, "arguments")) if part]

    def _new(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"

    def _global(self, kind: str, value: object) -> str:
        name = self._new(kind)
        self._names[name] = value
        return name

    def _write(self, text: str, bound: bool) -> None:
        (self._inside if bound else self._outside).append(text)

    # Objects

    def _object(self, name: str, type_: GraphQLObjectType, collected: CollectedFields, check: _Site | None) -> bool:
        """Writes the function from an object to its fields; whether it is bound."""
        shown, steps, bound = [], [], False
        for key, details in collected.grouped_field_set.items():
            expression, step, needs = self._field(type_, key, details)
            shown += [f"        {key!r}: {expression},\n"] if expression else []
            steps += [f"    {step}\n"] if step else []
            bound = bound or needs
        tested, needs = self._check(type_, check)
        display = "".join(["{\n", *shown, "    }"])
        body = f"    d = {display}\n{''.join(steps)}    return d\n" if steps else f"    return {display}\n"
        self._write(f"def {name}(o):  # {type_.name}\n{tested}{body}", bound or needs)
        return bound or needs

    def _check(self, type_: GraphQLObjectType, site: _Site | None) -> tuple[str, bool]:
        if site is None or type_.is_type_of is None:
            return "", False
        predicate, info = self._global("t", type_.is_type_of), self._info(site, raw=True)
        test = f"(x := {predicate}(o, {info})) is not True and not confirm(x)"
        shown = getattr(type_.is_type_of, "shows", None)
        if isinstance(shown, type):
            test = f"type(o) is not {self._global('C', shown)} and {test}"
        return f"    if {test}:\n        refuse(o)\n", True

    def _selected(self, type_: GraphQLObjectType, site: _Site) -> tuple[str, bool]:
        """The function for a type at a field, written once; a fragment that contains itself calls itself."""
        key = ("object", type_.name, site.nodes, site.parent.name if type_.is_type_of else None)
        if key not in self._known:
            name = self._new("o")
            self._known[key] = name, True
            collected = self._subfields(type_, site)
            self._known[key] = name, self._object(name, type_, collected, site)
        return self._known[key]

    def _subfields(self, type_: GraphQLObjectType, site: _Site) -> CollectedFields:
        executor = self._executor
        return collect_subfields(
            self._schema, executor.fragments, executor.variable_values, executor.operation, type_, site.details
        )

    # Fields

    def _field(self, type_: GraphQLObjectType, key: str, details: Details) -> tuple[str, str, bool]:
        """What stands in the display, a step after it, and whether they are bound."""
        self._fields += 1
        if self._fields > _FIELDS_MAX:
            raise TooLarge
        name = details[0].node.name.value
        if name == "__typename":
            return repr(type_.name), "", False
        definition = self._schema.get_field(type_, name)
        if definition is None:
            return "", "", False
        site = _Site(type_, definition, details)
        resolution = fields.resolution(self._schema, definition)
        if isinstance(resolution, Attribute):
            code = self._complete(definition.type, site, fresh=False)
            return code.expression(f"x := o.{resolution.name}"), "", code.bound
        return "None", self._step(key, site, resolution), True

    def _step(self, key: str, site: _Site, call: Call) -> str:
        code = self._complete(site.definition.type, site, fresh=call.function is not None)
        called = self._called(site, call)
        if call.gives_coroutine:
            return f"later(({called}, d, {key!r}, {code.name}))"
        where = f"x, d, {key!r}, {code.name}"
        name = site.details[0].node.name.value
        odd = f"had({where}, o, {name!r})" if call.function is None else f"odd({where})"
        return f"d[{key!r}] = {code.expression(f'x := {called}', otherwise=odd)}"

    def _called(self, site: _Site, call: Call) -> str:
        function = "default_field_resolver" if call.function is None else self._global("r", call.function)
        have = {what: self._have(what, site, call) for what in call.wants}
        given = [have[what] for what in call.positional]
        given += [f"{name}={have[what]}" for name, what in call.named.items()]
        return f"{function}({', '.join(given + self._given(site, call))})"

    def _have(self, what: str, site: _Site, call: Call) -> str:
        return "o" if what == "object" else self._info(site, what == "raw_info", call)

    def _given(self, site: _Site, call: Call) -> list[str]:
        definition, details = site.definition, site.details[0]
        if not definition.args and not details.node.arguments:
            return []
        constant = fields.constant_arguments(self._schema, definition, details, call)
        if constant is not None and any(map(iskeyword, constant)):
            return [f"**{self._global('k', constant)}"]
        if constant is not None:
            return [f"{name}={self._global('k', value)}" for name, value in constant.items()]
        info = None if call.strawberry is None else int(self._info(site, False, call)[1:])
        self._arguments.append((fields.arguments(self._schema, definition, details, call), info))
        return [f"**g{len(self._arguments) - 1}"]

    def _info(self, site: _Site, raw: bool, call: Call | None = None) -> str:
        own = None if raw or call is None else call.strawberry
        key = (site.parent.name, site.nodes, own is None)
        if key not in self._places:
            self._places[key] = len(self._places)
            nodes = [details.node for details in site.details]
            self._program_places.append(Place(site.definition, nodes, site.parent, own))
        return f"i{self._places[key]}"

    # Values

    def _complete(self, type_: GraphQLOutputType, site: _Site, fresh: bool) -> _Code:
        nullable = not isinstance(type_, GraphQLNonNull)
        inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if is_leaf_type(inner):
            return self._leaf(inner, nullable)
        if is_list_type(inner):
            return self._list(inner, site, nullable, fresh)
        return self._composite(inner, site, nullable)

    def _leaf(self, type_: GraphQLLeafType, nullable: bool) -> _Code:
        name = self._shared("c", ("leaf", type_.name, nullable), lambda: values.leaf(type_, self._classes, nullable))
        test = _TESTS[GraphQLString] if type_.coerce_output_value is str else _TESTS.get(type_)
        if test is not None:
            return _Code(name, test + (" or {x} is None" if nullable else ""), "{x}")
        if isinstance(type_, GraphQLEnumType) and (names := values.names_of(type_)):
            table = self._shared("e", ("enum", type_.name), lambda: names.get)
            return _Code(name, f"(n := {table}(id({{value}}))) is not None", "n")
        direct = self._shared("s", ("serialiser", type_.name), lambda: values.serialiser(type_))
        coerce = self._shared("w", ("coerce", type_.name), lambda: type_.coerce_output_value)
        test = f"type({{value}}) in plain and (n := {coerce}({{x}})) is not None and n is not Undefined"
        return _Code(name, test, "n", direct)

    def _shared(self, kind: str, key: tuple[Any, ...], make: Callable[[], object]) -> str:
        if key not in self._known:
            self._known[key] = self._global(kind, make()), False
        return self._known[key][0]

    def _list(self, type_: GraphQLList[Any], site: _Site, nullable: bool, fresh: bool) -> _Code:
        item = self._complete(type_.of_type, site, fresh)
        name, bound = self._new("l"), item.bound or fresh
        each = f"{item.direct}(y)" if item.direct else item.expression("y", "y")
        made = f"[{each} for y in x]"
        lists = self._global("lists", (nullable, self._classes))
        complete = f"Lists({item.name}, *{lists}).complete(x, {'later' if fresh else None})"
        self._write(
            f"def {name}(x):\n"
            "    if type(x) in SEQUENCES and plain.issuperset(map(type, x)):\n"
            f"        return {made}\n"
            f"    return {complete}\n",
            bound,
        )
        return _Code(name, "type({value}) in SEQUENCES", f"{name}({{x}})", name, bound)

    def _composite(self, type_: Any, site: _Site, nullable: bool) -> _Code:
        direct, bound = self._selected(type_, site) if is_object_type(type_) else self._abstract(type_, site)
        name = self._new("c")
        self._write(
            f"def {name}(x):\n"
            f"    return {direct}(x) if type(x) in plain or learn(x) else {None if nullable else 'refuse(x)'}\n",
            bound,
        )
        return _Code(name, "type({value}) in plain", f"{direct}({{x}})", direct, bound)

    def _abstract(self, type_: GraphQLAbstractType, site: _Site) -> tuple[str, bool]:
        assert is_abstract_type(type_)  # noqa: S101 - there is no other type with fields
        key = ("abstract", type_.name, site.nodes, site.parent.name)
        if key not in self._known:
            name = self._new("a")
            self._known[key] = name, True
            resolver = "type_resolver" if type_.resolve_type is None else self._global("r", type_.resolve_type)
            lines = [f"def {name}(o):\n    n = {resolver}(o, {self._info(site, True)}, {self._global('T', type_)})\n"]
            for possible in self._schema.get_possible_types(type_):
                lines.append(f"    if n == {possible.name!r}:\n        return {self._selected(possible, site)[0]}(o)\n")
                self._write("".join([*lines, "    refuse(n)\n"]), True)
        return self._known[key]

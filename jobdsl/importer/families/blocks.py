"""Parts that several jobs have: named once, as a constant or as a function of what differs. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jobdsl.importer.families.expressions import Constant, Reference, TextOf, is_closed, shown
from jobdsl.importer.families.find import FamilyFinder
from jobdsl.importer.families.naming import block_name
from jobdsl.importer.families.parameters import Family, FamilyParameter, part_of
from jobdsl.importer.families.patterns import Branch, cost
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.secrets.placeholders import SECRET_START

__all__ = ["Block", "name_blocks", "renamed", "renamed_family"]

_SMALLEST = 8
"""Words from which on a part may get a name."""
_SAVING, _FUNCTION_SAVING = 12, 25
"""Words that a constant, and a function, has to save."""
_ROUNDS = 5
"""Times that blocks are looked for in what is left, and in the blocks themselves."""
_MOST_VARIANTS = 2_000
"""Different parts of a kind that are compared; of more, equal ones alone get a name."""
_MOST_BLOCKS = 200
_CALL, _CONSTANT = 4, 3
"""Words of a call next to its values, and of a constant next to its value."""
_ATOMS = frozenset({"secret(", "read_file(", "template(", "xml("})


@dataclass(frozen=True, slots=True)
class Block:
    """A part with a name."""

    name: str
    family: Family
    is_constant: bool


@dataclass(slots=True)
class _Node:
    """A part where it is."""

    key: int
    start: int
    end: int
    """Its own number, and the one after those of all parts inside."""
    parent: int


@dataclass(slots=True)
class _Variant:
    """A part, wherever it is."""

    code: Brackets
    cost: int
    label: str
    nodes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Proposal:
    """What could become a block: the keys of its parts, in the order of the family's rows."""

    saved: int
    family: Family
    keys: list[int]
    is_constant: bool


def name_blocks(
    families: Sequence[Family], singles: Mapping[int, Brackets], taken: Iterable[str], least: int = 2
) -> tuple[list[Block], list[Family], dict[int, Brackets]]:
    """Give names to parts that occur several times; return the blocks, and all else with them.

    Args:
        families: The functions of jobs, with their rows.
        singles: The calls of no family, by row.
        taken: Names that blocks cannot have.
        least: Places from which on a part gets a name.
    """
    trees = _Trees(families, singles)
    finder = _Finder(trees.roots, {*taken, *trees.names()}, max(2, least))
    blocks = finder.run()
    return blocks, *trees.rebuilt(finder.roots)


class _Trees:
    """The expressions of an estate in one list, and back."""

    def __init__(self, families: Sequence[Family], singles: Mapping[int, Brackets]) -> None:
        self.families = families
        self.singles = singles
        self.roots: list[tuple[Code, bool]] = []
        """Expressions, and whether each is a call of a job, which is no part."""
        for family in families:
            self.roots.append((family.body, True))
            self.roots += [(code, False) for _, code in family.variables]
            self.roots += [(code, False) for parameter in family.parameters for code in parameter.column]
        self.roots += [(singles[row], True) for row in sorted(singles)]

    def names(self) -> Iterator[str]:
        """Yield the names of parameters and variables."""
        for family in self.families:
            yield from _names(family)

    def rebuilt(self, roots: Sequence[Code]) -> tuple[list[Family], dict[int, Brackets]]:
        """Return families and singles with these expressions."""
        codes = iter(roots)
        families: list[Family] = []
        for family in self.families:
            body = next(codes)
            assert isinstance(body, Brackets)
            variables = [(name, next(codes)) for name, _ in family.variables]
            parameters = [
                FamilyParameter(
                    parameter.name, tuple(next(codes) for _ in parameter.column), parameter.default
                )
                for parameter in family.parameters
            ]
            families.append(Family(family.rows, body, parameters, variables))
        singles: dict[int, Brackets] = {}
        for row in sorted(self.singles):
            code = next(codes)
            assert isinstance(code, Brackets)
            singles[row] = code
        return families, singles


class _Finder:
    def __init__(self, roots: Sequence[tuple[Code, bool]], taken: set[str], least: int) -> None:
        self.roots = [code for code, _ in roots]
        self.is_job = [is_job for _, is_job in roots]
        self.taken = taken
        self.least = least
        self.blocks: list[Block] = []
        self._places: list[int] = []
        """The root of each block."""
        self._keys: dict[object, int] = {}
        self._replacements: dict[int, Code] = {}

    def run(self) -> list[Block]:
        """Name blocks until there are no more; return them, those that others use first."""
        for _ in range(_ROUNDS):
            if not self._round():
                break
        blocks = []
        for block, place in zip(self.blocks, self._places, strict=True):
            body = self.roots[place]
            assert isinstance(body, Brackets)
            old = block.family
            family = Family(old.rows, body, old.parameters, old.variables)
            blocks.append(Block(block.name, family, block.is_constant))
        del self.roots[len(self.is_job) - len(blocks) :]
        return _in_order(blocks)

    def _round(self) -> bool:
        nodes: list[_Node] = []
        variants: dict[int, _Variant] = {}
        for root, is_job in zip(self.roots, self.is_job, strict=True):
            self._visit(root, "", is_job, -1, nodes, variants)
        count = len(self.blocks)
        is_taken = bytearray(len(nodes))
        for proposal in self._proposals(variants):
            if len(self.blocks) >= _MOST_BLOCKS:
                break
            sites = [site for key in proposal.keys for site in variants[key].nodes]
            free = [site for site in sites if not is_taken[site]]
            if 4 * len(free) < 3 * len(sites) or set(_names(proposal.family)) & self._block_names():
                continue
            for site in free:
                node = nodes[site]
                is_taken[node.start : node.end] = b"\1" * (node.end - node.start)
                parent = node.parent
                while parent >= 0 and not is_taken[parent]:
                    is_taken[parent] = 1
                    parent = nodes[parent].parent
            self._add(proposal, variants[proposal.keys[0]].label)
        if len(self.blocks) == count:
            return False
        self.roots = [
            self._replaced(root, is_whole=not is_job)
            for root, is_job in zip(self.roots, self.is_job, strict=True)
        ]
        return True

    def _visit(
        self,
        code: Code,
        label: str,
        is_job: bool,
        parent: int,
        nodes: list[_Node],
        variants: dict[int, _Variant],
    ) -> tuple[int, bool]:
        """Number the parts of an expression; return its key, and whether it may be part of a block."""
        if isinstance(code, str):
            kind = type(code).__name__ if isinstance(code, Reference | TextOf | Constant) else ""
            return self._key((kind, str(code))), SECRET_START not in code
        index = len(nodes)
        node = _Node(0, index, 0, parent)
        nodes.append(node)
        inner = [
            (part_label, *self._visit(part, part_label, False, index, nodes, variants))
            for part_label, part in code.parts
        ]
        node.end = len(nodes)
        node.key = self._key((code.start, code.end, tuple((label, key) for label, key, _ in inner)))
        may = code.start not in _ATOMS and all(ok for _, _, ok in inner)
        if may and not is_job and _is_part(code):
            variant = variants.get(node.key)
            if variant is None and (words := cost(code)) >= _SMALLEST:
                variant = variants[node.key] = _Variant(code, words, label)
            if variant is not None:
                variant.nodes.append(index)
        return node.key, may

    def _key(self, content: object) -> int:
        return self._keys.setdefault(content, len(self._keys))

    def _proposals(self, variants: Mapping[int, _Variant]) -> list[_Proposal]:
        """Return what could become a block, those that save most first."""
        ranked: list[tuple[int, str, _Proposal]] = []
        kinds: dict[str, list[int]] = defaultdict(list)
        for key, variant in variants.items():
            kinds[variant.code.start].append(key)
            count = len(variant.nodes)
            saved = (count - 1) * (variant.cost - 1) - _CONSTANT
            if count >= self.least and saved > _SAVING and is_closed(variant.code):
                family = Family([], variant.code, [])
                ranked.append((-saved, shown(variant.code), _Proposal(saved, family, [key], True)))
        for start in sorted(kinds):
            proposals = self._functions({key: variants[key] for key in kinds[start]})
            ranked += [(-proposal.saved, shown(proposal.family.body), proposal) for proposal in proposals]
        return [proposal for _, _, proposal in sorted(ranked, key=lambda ranked: ranked[:2])]

    def _functions(self, variants: Mapping[int, _Variant]) -> Iterator[_Proposal]:
        """Yield functions that could make parts of one kind."""
        if not 2 <= len(variants) <= _MOST_VARIANTS:
            return
        keys = sorted(variants, key=lambda key: shown(variants[key].code))
        codes = {row: variants[key].code for row, key in enumerate(keys)}
        weights = [len(variants[key].nodes) for key in keys]
        for family in FamilyFinder(codes, 2, make=_part_of, most_values=5).find():
            if not family.parameters:
                continue
            saved = sum(weights[row] * variants[keys[row]].cost for row in family.rows)
            saved -= cost(family.body) + sum(cost(code) for _, code in family.variables) + _CALL
            for parameter in family.parameters:
                values = zip(family.rows, parameter.column, strict=True)
                saved -= 3 + sum(
                    weights[row] * (cost(code) + 1)
                    for row, code in values
                    if parameter.default is None or shown(code) != parameter.default
                )
            saved -= _CALL * sum(weights[row] for row in family.rows)
            places = sum(weights[row] for row in family.rows)
            if saved > _FUNCTION_SAVING and places >= self.least:
                yield _Proposal(saved, family, [keys[row] for row in family.rows], False)

    def _block_names(self) -> set[str]:
        return {block.name for block in self.blocks}

    def _add(self, proposal: _Proposal, label: str) -> None:
        name = block_name(proposal.family.body, label, self.taken, is_constant=proposal.is_constant)
        self.taken.add(name)
        self.taken.update(_names(proposal.family))
        family = proposal.family
        self.blocks.append(Block(name, family, proposal.is_constant))
        self._places.append(len(self.roots))
        self.roots.append(family.body)
        self.is_job.append(True)
        if proposal.is_constant:
            self._replacements[proposal.keys[0]] = Constant(name)
            return
        for index, key in enumerate(proposal.keys):
            parts: list[tuple[str, Code]] = []
            for parameter in family.parameters:
                code = parameter.column[index]
                if parameter.default is None or shown(code) != parameter.default:
                    parts.append((f"{parameter.name}=" if parameter.default is not None else "", code))
            self._replacements[key] = Brackets(f"{name}(", parts)

    def _replaced(self, code: Code, *, is_whole: bool = True) -> Code:
        """Return an expression with the names of blocks in it."""
        return self._replaced_key(code, is_whole)[0]

    def _replaced_key(self, code: Code, is_whole: bool) -> tuple[Code, int]:
        if isinstance(code, str):
            kind = type(code).__name__ if isinstance(code, Reference | TextOf | Constant) else ""
            return code, self._key((kind, str(code)))
        inner = [(label, *self._replaced_key(part, True)) for label, part in code.parts]
        key = self._key((code.start, code.end, tuple((label, part_key) for label, _, part_key in inner)))
        if is_whole and key in self._replacements:
            replacement = self._replacements[key]
            return (replacement if isinstance(replacement, str) else self._replaced(replacement)), key
        return Brackets(code.start, [(label, part) for label, part, _ in inner], code.end), key


def _part_of(pattern: object, rows: frozenset[int]) -> Family | None:
    """Return a pattern as a function for a part; None where parts are lists of other lengths."""
    return part_of(pattern, rows) if isinstance(pattern, Branch) else None


def _is_part(code: Brackets) -> bool:
    return (code.start.endswith("(") and code.end == ")") or (code.start == "[" and len(code.parts) > 1)


def _names(family: Family) -> Iterator[str]:
    yield from (parameter.name for parameter in family.parameters)
    yield from (name for name, _ in family.variables)


def _in_order(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks after those that they use, else by name."""
    by_name = {block.name: block for block in blocks}
    uses = {block.name: _used(block, by_name) for block in blocks}
    ordered: dict[str, Block] = {}

    def add(name: str) -> None:
        if name not in ordered:
            for other in sorted(uses[name]):
                add(other)
            ordered[name] = by_name[name]

    for name in sorted(by_name):
        add(name)
    return list(ordered.values())


def _used(block: Block, names: Mapping[str, Block]) -> set[str]:
    codes: list[Code] = [block.family.body, *(code for _, code in block.family.variables)]
    used: Counter[str] = Counter()
    while codes:
        code = codes.pop()
        if isinstance(code, Constant):
            used[str(code)] += 1
        elif isinstance(code, Brackets):
            used[code.start.rstrip("(")] += 1
            codes += [part for _, part in code.parts]
    return {name for name in used if name in names}


def renamed(code: Code, names: Mapping[str, str]) -> Code:
    """Return an expression with other names of blocks."""
    if isinstance(code, str):
        return Constant(names[code]) if isinstance(code, Constant) and code in names else code
    parts = [(label, renamed(part, names)) for label, part in code.parts]
    word = code.start.rstrip("(")
    start = f"{names[word]}(" if code.start.endswith("(") and word in names else code.start
    return Brackets(start, parts, code.end)


def renamed_family(family: Family, names: Mapping[str, str]) -> Family:
    """Return a family with other names of blocks."""
    body = renamed(family.body, names)
    assert isinstance(body, Brackets)
    parameters = [
        FamilyParameter(
            parameter.name, tuple(renamed(code, names) for code in parameter.column), parameter.default
        )
        for parameter in family.parameters
    ]
    variables = [(name, renamed(code, names)) for name, code in family.variables]
    return Family(family.rows, body, parameters, variables)

"""The operators of patches while they are written down."""

from dataclasses import dataclass, field

from edgecompress.pack.patches.halo import Border
from edgecompress.pack.patches.rules import Patch, Rules, made_of, paddings_of
from edgecompress.tflite.graph import Operator, Subgraph

_ALL_AXES = 4


@dataclass(frozen=True)
class NewTensor:
    """A tensor as another but for its shape; or int32 constants."""

    shape: tuple[int, ...]
    like: int | None = None
    values: tuple[int, ...] = ()


@dataclass(frozen=True)
class NewOperator:
    """SLICE, CONCATENATION along an axis, or (`like`) one of the model's operators again."""

    op: str
    inputs: tuple[int, ...]
    output: int
    like: int | None = None
    axis: int = 0


@dataclass
class Growing:
    """New tensors, numbered on from those of a subgraph, new shapes, and new operators.

    `inner` are the tensors that only the operators that are repeated write and read.
    """

    subgraph: Subgraph
    inner: frozenset[int]
    resized: dict[int, tuple[int, ...]] = field(default_factory=dict)
    tensors: list[NewTensor] = field(default_factory=list)
    operators: list[NewOperator] = field(default_factory=list)
    cuts: dict[tuple[int, ...], int] = field(default_factory=dict)  # by what SLICE reads

    def cut(self, like: int, tensor: int, place: Patch, part: Patch) -> int:
        """Return a tensor of a part of an image, by SLICE unless it is all of it.

        Args:
            like: the tensor that the whole image is, or would be.
            tensor: what there is of it.
            place: where in the whole image that lies.
            part: the part, in places of the whole image.
        """
        if part == place:
            return tensor
        channels = self.subgraph.tensors[like].shape[-1]
        begin = (0, *(p.first - at.first for p, at in zip(part, place, strict=True)), 0)
        size = (1, *(span.size for span in part), channels)
        inputs = (tensor, self._constant(begin), self._constant(size))
        if inputs not in self.cuts:
            self.cuts[inputs] = self.image(like, part)
            self.operators.append(NewOperator("SLICE", inputs, self.cuts[inputs]))
        return self.cuts[inputs]

    def repeat(
        self, operator: Operator, rules: Rules, part: Patch, made: dict[int, tuple[int, Patch]]
    ) -> tuple[int, Patch]:
        """Write an operator for a part of its inputs; return its output and where that lies."""
        inputs = [
            self.cut(tensor, *made[tensor], part) if tensor in made else tensor
            for tensor in operator.inputs
        ]
        if operator.op == "PAD":
            inputs[1] = self._border(operator, rules, part)
        place = made_of(rules, part)
        output = self.image(operator.outputs[0], place)
        self.operators.append(NewOperator(operator.op, tuple(inputs), output, operator.index))
        return output, place

    def concatenate(self, pieces: list[int], output: int, axis: int) -> None:
        """Put images together along an axis."""
        self.operators.append(NewOperator("CONCATENATION", tuple(pieces), output, axis=axis))

    def joined(self, pieces: list[int], axis: int) -> int:
        """Put images together along an axis; return the number of a new tensor."""
        if len(pieces) == 1:
            return pieces[0]
        parts = [self.tensors[piece - len(self.subgraph.tensors)] for piece in pieces]
        size = sum(part.shape[axis] for part in parts)
        shape = (*parts[0].shape[:axis], size, *parts[0].shape[axis + 1 :])
        output = self._tensor(NewTensor(shape, parts[0].like))
        self.concatenate(pieces, output, axis)
        return output

    def image(self, like: int, place: Patch) -> int:
        """Return the number of a tensor for a part of an image.

        The first takes that of the whole, which is no longer there: TFLM would give it memory.
        """
        channels = self.subgraph.tensors[like].shape[-1]
        shape = (1, *(span.size for span in place), channels)
        if like in self.inner and like not in self.resized:
            self.resized[like] = shape
            return like
        return self._tensor(NewTensor(shape, like))

    def _border(self, operator: Operator, rules: Rules, part: Patch) -> int:
        """Return the paddings of a patch: none where it does not touch the image's border."""
        added = paddings_of(self.subgraph.tensors[operator.inputs[1]])
        for axis, (rule, span) in enumerate(zip(rules, part, strict=True), 1):
            added[axis] = list(rule.kept(span)) if isinstance(rule, Border) else added[axis]
        return self._constant(tuple(n for pair in added for n in pair), (_ALL_AXES, 2))

    def _constant(self, values: tuple[int, ...], shape: tuple[int, ...] = (_ALL_AXES,)) -> int:
        """Return the number of a tensor of int32 values: one for all that are equal."""
        wanted = NewTensor(shape, values=values)
        if wanted in self.tensors:
            return len(self.subgraph.tensors) + self.tensors.index(wanted)
        return self._tensor(wanted)

    def _tensor(self, tensor: NewTensor) -> int:
        self.tensors.append(tensor)
        return len(self.subgraph.tensors) + len(self.tensors) - 1

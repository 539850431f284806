"""What TFLM at the pinned commit can run, and what a model must register to run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgecompress.errors import UnsupportedModelError
from edgecompress.tflite.decode_form import DECODE, check_decode, decodes_weights
from edgecompress.tflite.graph import Graph, Operator, Subgraph, Tensor
from edgecompress.tflite.names import short_name
from edgecompress.tflite.operator_table import (
    INDEX_TYPES,
    NARROW,
    OPERATORS,
    OUTPUT_TYPES,
    VALUE_INPUT,
    types_of,
)

TFLM_COMMIT = "90b983c2b3f1480642e040bbd2ddb37b998f3424"

# Operators that stand between float and quantized values.
_BETWEEN_TYPES = frozenset({"QUANTIZE", "DEQUANTIZE", "CAST"})
# What may stand in for operators that converters write and TFLM lacks.
_INSTEAD: Mapping[str, str] = {
    "CONV_3D": "TFLM has no 3-D convolution: use 2-D ones",
    "GELU": "`edgecompress quantize` of the Keras model makes a table of it; or use ReLU",
    "POW": "use multiplications",
    "TILE": "`edgecompress quantize` of the Keras model makes RESIZE_NEAREST_NEIGHBOR of nearest "
    "UpSampling; or use interpolation='bilinear'",
    "SELECT": "`edgecompress quantize` of the Keras model makes a table of softplus and SELU, and "
    "GATHER of an Embedding",
}
_WEIGHTED = frozenset(
    {
        "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SVDF",
        "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM",
    }
)  # fmt: skip
_WEIGHTS_INPUT = 1
_DECODE = f"CUSTOM:{DECODE}"
OWN_DECODE = "decode"  # our kernel of DECODE, for int8 weights, in templates/tflm/decode.inc
_QUANTIZE = "run `edgecompress quantize MODEL.tflite --data DATA -o OUT.tflite`"


@dataclass(frozen=True)
class Registration:
    """An operator to register: `op` as the schema names it, `variant` "" for all types."""

    op: str
    method: str  # of MicroMutableOpResolver: "AddConv2D"
    variant: str  # registration function: "tflite::Register_CONV_2D_INT8", or ""
    is_own: bool = False  # `variant` is a registration in the runner: the kernel comes with it

    @property
    def call(self) -> str:
        """The call as C++ has it: `AddConv2D(tflite::Register_CONV_2D_INT8())`."""
        if self.is_own:
            return f'AddCustom("{self.op.removeprefix("CUSTOM:")}", &{self.variant})'
        return f"{self.method}({self.variant}())" if self.variant else f"{self.method}()"

    @property
    def call_for_all_types(self) -> str:
        """The call where TFLM has no variants of its kernels."""
        return self.call if self.is_own else f"{self.method}()"

    @property
    def name(self) -> str:
        """The name in cost tables: "CONV_2D", or "CONV_2D@INT8" for a narrow variant."""
        suffix = self.variant.rpartition(f"Register_{self.op}_")[2]
        return f"{self.op}@{suffix}" if self.variant else self.op


def check_supported(graph: Graph) -> None:
    """Check that TFLM at the pinned commit can run the model.

    Raises:
        UnsupportedModelError: an operator or a type that TFLM lacks, a dynamic shape, a float
            model, or weights that are stored where TFLM does not look.
        ModelError: encoded weights cannot be decoded.
    """
    for subgraph in graph.subgraphs:
        for tensor in subgraph.tensors:
            _check_storage(tensor)
        for operator in subgraph.operators:
            _check_operator(subgraph, operator)
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            _check_shapes(subgraph, operator)
            if operator.op == _DECODE:
                check_decode(subgraph, operator)
            _check_types(subgraph, operator)
    _check_quantized(graph)


def _check_storage(tensor: Tensor) -> None:
    if tensor.outside_flatbuffer:
        raise UnsupportedModelError(
            f"tensor {_name(tensor)} lies behind the flatbuffer, where TFLM does not look: "
            "convert the model to a file with its buffers inside"
        )
    if tensor.is_sparse:
        raise UnsupportedModelError(
            f"tensor {_name(tensor)} is stored sparsely, which TFLM does not read: "
            "convert the model without sparsity (Optimize.EXPERIMENTAL_SPARSITY)"
        )


def _check_operator(subgraph: Subgraph, operator: Operator) -> None:
    if operator.op == "CUSTOM:ethos-u":
        raise UnsupportedModelError(
            f"{_where(subgraph, operator)} runs on an Arm Ethos-U, which edgecompress does not "
            "build for: give the model as it was before Vela"
        )
    if operator.op not in OPERATORS:
        remedy = _INSTEAD.get(operator.op, "change or replace that layer")
        if operator.op.startswith("CUSTOM:Flex"):
            remedy = "convert with TFLITE_BUILTINS only, without SELECT_TF_OPS"
        raise UnsupportedModelError(
            f"TFLM has no operator {operator.op.removeprefix('CUSTOM:')}: "
            f"{_where(subgraph, operator)} needs it; {remedy}"
        )


def _check_shapes(subgraph: Subgraph, operator: Operator) -> None:
    ends = {"output": operator.outputs, "input": [i for i in operator.inputs if i >= 0]}
    for end, tensor in ((end, subgraph.tensors[i]) for end, each in ends.items() for i in each):
        is_open = tensor.shape != (0,) and min(tensor.shape, default=1) <= 0
        if is_open and tensor.data is None:
            raise UnsupportedModelError(
                f"{_where(subgraph, operator)} has an {end} of dynamic shape "
                f"{list(tensor.shape)} ({_name(tensor)}), and TFLM plans all memory before it "
                "runs: convert the model with a fixed input shape"
            )


def _check_types(subgraph: Subgraph, operator: Operator) -> None:
    value = _tensor(subgraph, operator.inputs, VALUE_INPUT.get(operator.op, 0))
    weights = _tensor(subgraph, operator.inputs, _WEIGHTS_INPUT)
    if value is None:
        return
    hybrid = operator.op in _WEIGHTED and value.type == "FLOAT32"
    if hybrid and weights is not None and weights.type in {"INT8", "INT4"}:
        raise UnsupportedModelError(
            f"{_where(subgraph, operator)} is hybrid: {weights.type} weights ({_name(weights)}) "
            f"on float activations, which TFLM refuses; export it in float32, and then {_QUANTIZE}"
        )
    if operator.op in _WEIGHTED and value.type == "FLOAT32":
        raise _not_quantized(subgraph, operator, value)
    support = OPERATORS[operator.op]
    if not support.computes_on(value.type):
        raise _not_taken(subgraph, operator, "computes on", value, support.types)
    _check_other_types(subgraph, operator)


def _check_other_types(subgraph: Subgraph, operator: Operator) -> None:
    output = _tensor(subgraph, operator.outputs, 0)
    outputs = OUTPUT_TYPES.get(operator.op)
    if outputs and output is not None and output.type not in types_of(outputs):
        raise _not_taken(subgraph, operator, "writes", output, outputs)
    position, indices = INDEX_TYPES.get(operator.op, (0, ""))
    index = _tensor(subgraph, operator.inputs, position)
    if indices and index is not None and index.type not in types_of(indices):
        raise _not_taken(subgraph, operator, "is told where by", index, indices)


def _not_taken(
    subgraph: Subgraph, operator: Operator, does: str, tensor: Tensor, codes: str
) -> UnsupportedModelError:
    """Return the refusal of a type; int8 is advised where the kernel has it."""
    types = types_of(codes)
    int8_helps = "INT8" in types and tensor.type == "FLOAT32"
    return UnsupportedModelError(
        f"{_where(subgraph, operator)} {does} {tensor.type} ({_name(tensor)}); TFLM's kernel takes "
        f"{', '.join(sorted(types))}: {'quantize to int8, or ' if int8_helps else ''}"
        "change that layer"
    )


def _check_quantized(graph: Graph) -> None:
    """Refuse a model that computes on float alone.

    Single layers may be float, between DEQUANTIZE and QUANTIZE: converters write so what they
    cannot quantize, and TFLM runs it.
    """
    floats = []
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            tensors = [subgraph.tensors[i] for i in operator.outputs]
            if operator.op in _BETWEEN_TYPES or not tensors:
                continue
            if tensors[0].type != "FLOAT32":
                return
            floats.append((subgraph, operator, tensors[0]))
    if floats:
        raise _not_quantized(*floats[0])


def _not_quantized(subgraph: Subgraph, operator: Operator, tensor: Tensor) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"not fully quantized: {_where(subgraph, operator)} computes on float values "
        f"({_name(tensor)}); {_QUANTIZE}"
    )


def _tensor(subgraph: Subgraph, indices: tuple[int, ...], position: int) -> Tensor | None:
    if position >= len(indices) or indices[position] < 0:
        return None
    return subgraph.tensors[indices[position]]


def _name(tensor: Tensor) -> str:
    return f"{tensor.index} '{short_name(tensor.name)}'"


def _where(subgraph: Subgraph, operator: Operator) -> str:
    output = _tensor(subgraph, operator.outputs, 0)
    layer = f", layer '{short_name(output.name)}'" if output is not None else ""
    return f"operator {operator.index} ({operator.op.removeprefix('CUSTOM:')}{layer})"


def registrations(graph: Graph, kernels: str, *, narrow: bool = True) -> tuple[Registration, ...]:
    """Return what a model must register, each operator once, in alphabetical order.

    Args:
        graph: a model that passed `check_supported`.
        kernels: "cmsis-nn" has variants of its kernels for a single type; others have not.
        narrow: choose the variant that computes on this model's types alone, where all operators
            of a kind have the same, and our own DECODE where it does; False registers kernels for
            all types.
    """
    suffixes: dict[str, set[str]] = {}
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            has_variants = kernels == "cmsis-nn" or operator.op == _DECODE
            suffix = _suffix(subgraph, operator) if narrow and has_variants else ""
            suffixes.setdefault(operator.op, set()).add(suffix)
    return tuple(sorted(_registrations(suffixes), key=lambda registration: registration.method))


def _registrations(suffixes: Mapping[str, set[str]]) -> Iterator[Registration]:
    for op, wanted in suffixes.items():
        suffix = next(iter(wanted)) if len(wanted) == 1 else ""
        if suffix and op == _DECODE:
            yield Registration(op, OPERATORS[op].method, suffix, is_own=True)
            continue
        variant = f"tflite::Register_{op}_{suffix}" if suffix else ""
        yield Registration(op, OPERATORS[op].method, variant)


def _suffix(subgraph: Subgraph, operator: Operator) -> str:
    if operator.op == _DECODE:
        return OWN_DECODE if decodes_weights(subgraph, operator) else ""
    value = _tensor(subgraph, operator.inputs, VALUE_INPUT.get(operator.op, 0))
    weights = _tensor(subgraph, operator.inputs, _WEIGHTS_INPUT)
    output = _tensor(subgraph, operator.outputs, 0)
    types = tuple("" if tensor is None else tensor.type for tensor in (value, weights, output))
    for wanted, suffix in NARROW.get(operator.op, {}).items():
        if all(want in {"", have} for want, have in zip(wanted, types, strict=True)):
            return suffix
    return ""

"""Channel rules of recurrent layers: units are channels, read again by the next time step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgecompress.graph.tracing.calls import Call, elementwise, freeze_all_but, only
from edgecompress.graph.tracing.channels import Axes, Trace
from edgecompress.graph.tracing.shape_rules import not_understood

# Gates whose weights stand side by side in a kernel: [in, gates * units].
_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}


def recurrent(trace: Trace, call: Call) -> Sequence[Axes]:
    """SimpleRNN, GRU, LSTM: a unit owns a column of every gate, and a recurrent row."""
    layer, gates = call.layer, gate_count(call.layer)
    if gates is None or layer.stateful:
        return not_understood(trace, call)
    freeze_all_but(trace, call, 2)
    units = trace.produce(layer, layer.units)
    columns, cell = np.tile(units, gates), layer.cell
    trace.index(layer, cell.kernel, 0, trace.channels(call.input, 2), "consumer")
    trace.index(layer, cell.kernel, 1, columns, "producer")
    trace.index(layer, cell.recurrent_kernel, 0, units, "consumer")
    trace.index(layer, cell.recurrent_kernel, 1, columns, "carrier")
    trace.index(layer, cell.bias, -1, columns, "carrier")
    trace.size(layer, "units", units)
    for state in call.states:
        trace.unite(trace.channels(state, 1), units)
    for function in (cell.activation, getattr(cell, "recurrent_activation", None)):
        if not elementwise(function):
            trace.freeze(units, f"an activation of {trace.describe(layer)} may mix units")
    sequence = only(3, 2, units) if layer.return_sequences else (None, units)
    states = 2 if gates == _GATES["LSTM"] else 1
    return [sequence, *[(None, units)] * (states if layer.return_state else 0)]


def bidirectional(trace: Trace, call: Call) -> Sequence[Axes]:
    """Bidirectional: a unit goes from both directions, for Keras takes both to have as many."""
    layer = call.layer
    parts = (layer.forward_layer, layer.backward_layer)
    if layer.stateful or None in map(gate_count, parts) or parts[0].units != parts[1].units:
        return not_understood(trace, call)
    half = len(call.states) // 2
    results = []
    for part, states in zip(parts, (call.states[:half], call.states[half:]), strict=True):
        trace.paths[id(part)] = f"{trace.path(layer)}/{part.name}"
        results.append(recurrent(trace, replace(call, layer=part, states=states)))
    (forward, *forward_states), (backward, *backward_states) = results
    units = [trace.produce(part, part.units) for part in parts]
    trace.unite(*units)
    if layer.merge_mode is None:
        return [forward, backward, *forward_states, *backward_states]
    merged = np.concatenate(units) if layer.merge_mode == "concat" else units[0]
    return [(*forward[:-1], merged), *forward_states, *backward_states]


def gate_count(layer: Any) -> int | None:
    """Return the gates of a recurrent layer of Keras's own, None for any other layer."""
    if not type(layer).__module__.startswith("keras."):
        return None
    return _GATES.get(type(layer).__name__)

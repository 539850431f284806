"""Small trained models of many kinds: int8 on the TFLM interpreter against float, and in C."""

import pytest
from support.c_runtime import compiled, differing_on
from support.trained import ZOO
from support.trained.case import measured

_SAMPLES = 100


@pytest.mark.slow
@pytest.mark.parametrize("case", ZOO, ids=lambda case: f"{case.kind}: {case.name}")
def test_int8_keeps_what_float_does(case, tmp_path):
    result = measured(case)
    assert not result.refused
    assert result.is_kept, f"{result.metric} {result.exact:.4f} -> {result.int8:.4f}"
    (c_model,) = compiled([result.model], tmp_path)
    _, test = case.data()
    assert differing_on(c_model, [test.x[:_SAMPLES]]) == 0

"""Small trained models of many kinds: int8 on the TFLM interpreter against float."""

import pytest
from support.trained import ZOO
from support.trained.case import measured


@pytest.mark.slow
@pytest.mark.parametrize("case", ZOO, ids=lambda case: f"{case.kind}: {case.name}")
def test_int8_keeps_what_float_does(case):
    result = measured(case)
    assert not result.refused
    assert result.is_kept, f"{result.metric} {result.exact:.4f} -> {result.int8:.4f}"

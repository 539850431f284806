from pathlib import Path

import pytest
from support.plain_graphs import adds

from edgecompress.board import all_boards, load_board
from edgecompress.memory.latency import cost_tables, estimate_latency
from edgecompress.tflite.macs import operator_macs
from edgecompress.tflite.reader import read_model

# Published milliseconds (mcufit-bench; EdgeMark 2024), board -> model -> ms.
PUBLISHED = {
    "esp32_devkitc": {
        "kws_dscnn_int8": 162.3, "ic_resnet8_int8": 724.5, "ad_autoencoder_int8": 49.3,
    },
    "arduino_nano_33_ble_sense": {
        "kws_dscnn_int8": 224.6, "ic_resnet8_int8": 1241.8, "ad_autoencoder_int8": 22.0,
    },
    "nucleo_l4r5zi": {
        "kws_dscnn_int8": 110.6, "ic_resnet8_int8": 407.8, "ad_autoencoder_int8": 8.92,
    },
}  # fmt: skip


@pytest.mark.parametrize("board_id", PUBLISHED)
@pytest.mark.parametrize("model", ["kws_dscnn_int8", "ic_resnet8_int8", "ad_autoencoder_int8"])
def test_estimate_is_as_near_the_published_figure_as_it_says(
    shared_dir: Path, board_id: str, model: str
) -> None:
    board = load_board(board_id)
    graph = read_model(shared_dir / "models" / "mlperf_tiny" / f"{model}.tflite")
    latency = estimate_latency(graph, board, board.kernels)
    assert latency is not None
    published = PUBLISHED[board_id][model]
    assert latency.milliseconds == pytest.approx(published, rel=latency.error)
    assert latency.basis == "estimated"
    assert sum(operator.cycles for operator in latency.operators) == latency.cycles


@pytest.mark.parametrize("table", cost_tables(), ids=lambda t: f"{t['core']}-{t['mcus'] or 'any'}")
def test_tables_keep_their_stated_error_on_the_figures_they_cite(table: dict) -> None:
    for check in table["checks"]:
        cycles = sum(macs * table["cycles_per_mac"][op] for op, macs in check["macs"].items())
        predicted = 1000 * cycles / check["clock_hz"]
        assert abs(predicted / check["ms"] - 1) <= table["error"]
        assert f"{check['ms']:g}" in table["source"]


def test_macs_of_mlperf_tiny(shared_dir: Path) -> None:
    graph = read_model(shared_dir / "models" / "mlperf_tiny" / "kws_dscnn_int8.tflite")
    by_op: dict[str, int] = {}
    for op in graph.main.operators:
        by_op[op.op] = by_op.get(op.op, 0) + operator_macs(graph.main, op)
    assert by_op["CONV_2D"] == 25 * 5 * 64 * (10 * 4 + 4 * 64)
    assert by_op["DEPTHWISE_CONV_2D"] == 4 * 25 * 5 * 64 * 9
    assert by_op["FULLY_CONNECTED"] == 64 * 12


def test_no_evidence_no_estimate(shared_dir: Path) -> None:
    kws = read_model(shared_dir / "models" / "mlperf_tiny" / "kws_dscnn_int8.tflite")
    without = {b.id for b in all_boards() if estimate_latency(kws, b, b.kernels) is None}
    assert {"rpi_pico", "teensy41", "esp32_s3_devkitc_1_n8", "mps2_an386"} <= without
    assert "nucleo_l4r5zi" not in without
    lstm = read_model(shared_dir / "models" / "tflm" / "mnist_lstm_int8.tflite")
    assert estimate_latency(lstm, load_board("nucleo_l4r5zi"), "cmsis-nn") is None
    assert estimate_latency(adds(100), load_board("nucleo_l4r5zi"), "cmsis-nn") is None

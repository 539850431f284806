"""Float .tflite files, as exporters of PyTorch and ONNX models write them, to integers."""

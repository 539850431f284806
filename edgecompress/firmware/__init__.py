"""Write, build and run firmware around a .tflite model."""

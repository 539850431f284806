"""How well a model does its task, in float or as the device would. Uses keras_files, tflite."""

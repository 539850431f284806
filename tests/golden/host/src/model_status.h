// What the functions of a model runner return.

#ifndef EDGECOMPRESS_MODEL_STATUS_H_
#define EDGECOMPRESS_MODEL_STATUS_H_

typedef enum ModelStatus {
  kModelOk = 0,
  // The tensor arena is too small, or a kernel refused the model. Build TFLM
  // without TF_LITE_STRIP_ERROR_STRINGS to read why.
  kModelErrorAllocate = 1,
  // A kernel failed while it ran.
  kModelErrorInvoke = 2,
  // Not initialized, or another model has taken the tensor arena since.
  kModelErrorNotReady = 3,
  // A null pointer where there have to be values.
  kModelErrorArgument = 4
} ModelStatus;

#endif  // EDGECOMPRESS_MODEL_STATUS_H_

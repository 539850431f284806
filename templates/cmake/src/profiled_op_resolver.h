{% if runtime == "tflm" %}
// An op resolver that counts the clock cycles of every operator that runs, for
// `edgecompress emulate --profile`.
//
// TFLM calls a MicroProfilerInterface for its operators only if it was built
// without TF_LITE_STRIP_ERROR_STRINGS (micro_interpreter_graph.cc), and release
// builds have that. So this stands between TFLM and its kernels instead.

#ifndef EDGECOMPRESS_PROFILED_OP_RESOLVER_H_
#define EDGECOMPRESS_PROFILED_OP_RESOLVER_H_

#include <stddef.h>
#include <stdint.h>

#include <utility>

#include "console.h"
#include "self_test.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

template <unsigned int kOperators>
class ProfiledOpResolver : public tflite::MicroMutableOpResolver<kOperators> {
 public:
  ProfiledOpResolver() { current_ = this; }

  const TFLMRegistration* FindOp(tflite::BuiltinOperator op) const override {
    return Profiled(Base::FindOp(op));
  }

  const TFLMRegistration* FindOp(const char* op) const override {
    return Profiled(Base::FindOp(op));
  }

 private:
  using Base = tflite::MicroMutableOpResolver<kOperators>;
  using Invoke = TfLiteStatus (*)(TfLiteContext* context, TfLiteNode* node);

  // A kernel is not told which operator it runs for: each has its own function.
  template <size_t kSlot>
  static TfLiteStatus InvokeSlot(TfLiteContext* context, TfLiteNode* node) {
    const TFLMRegistration& kernel = *current_->kernels_[kSlot];
    const uint32_t start = CycleCount();
    const TfLiteStatus status = kernel.invoke(context, node);
    const uint32_t counts = CycleCount() - start;
    PrintNumber(ConsolePrint, "profile: counts=", counts);
    ConsolePrint(" operator=");
    ConsolePrint(Name(kernel));
    ConsolePrint("\n");
    return status;
  }

  template <size_t... kSlots>
  static Invoke InvokeOf(size_t slot, std::index_sequence<kSlots...>) {
    static constexpr Invoke kInvokes[] = {InvokeSlot<kSlots>...};
    return kInvokes[slot];
  }

  static const char* Name(const TFLMRegistration& kernel) {
    if (kernel.custom_name != nullptr) {
      return kernel.custom_name;
    }
    return tflite::EnumNameBuiltinOperator(
        static_cast<tflite::BuiltinOperator>(kernel.builtin_code));
  }

  const TFLMRegistration* Profiled(const TFLMRegistration* kernel) const {
    if (kernel == nullptr) {
      return nullptr;
    }
    size_t slot = 0;
    while (slot < used_ && kernels_[slot] != kernel) {
      ++slot;
    }
    if (slot == used_) {
      ++used_;
      kernels_[slot] = kernel;
      profiled_[slot] = *kernel;
      profiled_[slot].invoke =
          InvokeOf(slot, std::make_index_sequence<kOperators>());
    }
    return &profiled_[slot];
  }

  // Of the model that was initialized last: no other can run.
  static inline const ProfiledOpResolver* current_ = nullptr;

  mutable size_t used_ = 0;
  mutable const TFLMRegistration* kernels_[kOperators] = {};
  mutable TFLMRegistration profiled_[kOperators] = {};
};

#endif  // EDGECOMPRESS_PROFILED_OP_RESOLVER_H_
{% endif %}

#include "limits.hpp"

#include <algorithm>

#include "failure.hpp"
#include "handles.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

double number(const minnow_model* model, const char* name) {
  return static_cast<double>(model_int(model, name));
}

// Positions that the tokens see together, over all layers.
double positions_seen(const minnow_model* model, TokenRange tokens) {
  const double window = number(model, "window"), n_windowed = number(model, "n_layer_window");
  const double n_open = number(model, "n_layer") - n_windowed;
  double sum = 0;
  for (std::int64_t t = tokens.depth + 1; t <= tokens.depth + tokens.n; ++t) {
    const auto seen = static_cast<double>(t);
    sum += n_open * seen + n_windowed * std::min(seen, window);
  }
  return sum;
}

}  // namespace

Json measure_limits(minnow_runtime* runtime) {
  char* text = nullptr;
  check(minnow_runtime_measure(runtime, &text));
  return take_json(text);
}

double percent_of_peaks(const minnow_model* model, const Json& limits, TokenRange tokens,
                        double rate) {
  const auto n = static_cast<double>(tokens.n);
  const double attention_macs = positions_seen(model, tokens) * number(model, "n_head") *
                                (number(model, "head_dim") + number(model, "value_dim"));
  const double least_seconds =
      n * number(model, "macs_per_prompt_token") / limits.at("integer_mac_per_s").get<double>() +
      attention_macs / limits.at("float_mac_per_s").get<double>();
  return 100 * rate * least_seconds / n;
}

double bytes_per_token(const minnow_model* model, const std::string& kv_type, TokenRange tokens) {
  const double element_bytes = kv_type == "f32" ? 4 : kv_type == "q8_0" ? 34.0 / 32 : 2;
  return number(model, "bytes_per_token") +
         element_bytes * number(model, "n_head_kv") *
             (number(model, "head_dim") + number(model, "value_dim")) *
             positions_seen(model, tokens) / static_cast<double>(tokens.n);
}

double percent_of_bandwidth(const minnow_model* model, const Json& limits,
                            const std::string& kv_type, TokenRange tokens, double rate) {
  return 100 * rate * bytes_per_token(model, kv_type, tokens) /
         limits.at("read_bytes_per_s").get<double>();
}

}  // namespace minnow::program

// Writes data/golden/digests.json anew, by the scalar table with one thread and one batch. To be
// run by hand only, when the arithmetic is meant to change: see tests/README.md.
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/model_runs.hpp"

using namespace minnow;
using namespace minnow::testing_support;

namespace {

Status digest_all(const GoldenModel& golden, nlohmann::json& out) {
  RunSetup setup{"scalar", 1, 512, "", 16};
  std::shared_ptr<Model> model;
  MINNOW_TRY(open_model(golden.path, options_of(setup), model));
  const auto lists = read_token_lists(golden.tokens_path);
  if (lists.empty()) return error(StatusCode::kNotFound, golden.tokens_path, " is missing");
  for (const char* kv_type : {"f16", "f32"}) {
    setup.kv_type = kv_type;
    std::string digest;
    MINNOW_TRY(logits_digest(model, lists, setup, digest));
    out[golden.name][kv_type] = digest;
  }
  return {};
}

}  // namespace

int main() {
  nlohmann::json digests = nlohmann::json::object();
  for (const GoldenModel& golden : golden_models()) {
    const Status status = digest_all(golden, digests);
    if (!status.ok()) {
      std::fprintf(stderr, "%s: %s\n", golden.name.c_str(), status.message().c_str());
      return 1;
    }
  }
  std::ofstream file(data_path("golden/digests.json"));
  file << digests.dump(1) << "\n";
  return file.good() ? 0 : 1;
}

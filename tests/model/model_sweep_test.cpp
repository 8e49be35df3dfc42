// A model's header cut at every byte, and with every byte changed: always a status with a message
// or a working model, never anything else. Runs under the sanitizers as well.
#include <gtest/gtest.h>

#include <fstream>

#include "minnow/minnow.h"
#include "support/model_file.hpp"
#include "support/model_runs.hpp"

namespace minnow {
namespace {

using namespace testing_support;

// Opens a copy that ends where the bytes end, so that a sanitizer sees each byte read behind it.
minnow_status open_copy(std::span<const std::byte> bytes) {
  const std::vector<std::byte> copy(bytes.begin(), bytes.end());
  minnow_options* options = nullptr;
  EXPECT_EQ(minnow_options_create(&options), MINNOW_OK);
  EXPECT_EQ(minnow_options_set_int(options, "threads", 1), MINNOW_OK);
  EXPECT_EQ(minnow_options_set_int(options, "memory_budget", 64 << 20), MINNOW_OK);
  minnow_model* model = nullptr;
  const minnow_status status = minnow_model_open_memory(copy.data(), copy.size(), options, &model);
  EXPECT_EQ(model != nullptr, status == MINNOW_OK);
  EXPECT_EQ(*minnow_last_error() == '\0', status == MINNOW_OK);
  minnow_model_free(model);
  minnow_options_free(options);
  return status;
}

TEST(ModelSweep, ARealHeaderCutAnywhereIsRefused) {
  std::ifstream file(data_path("tiny/llama.gguf"), std::ios::binary);
  ASSERT_TRUE(file.good());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  MappedFile mapped;
  ASSERT_TRUE(is_ok(MappedFile::open_memory(bytes, "whole", mapped)));
  Gguf gguf(std::pmr::get_default_resource());
  ASSERT_TRUE(is_ok(gguf.read(mapped)));
  const std::size_t header = gguf.data_offset();
  ASSERT_GT(header, 1000u);
  for (std::size_t n = 0; n <= header; ++n) {
    const minnow_status status = open_copy(bytes.first(n));
    ASSERT_TRUE(status == MINNOW_BAD_FILE || (n == 0 && status == MINNOW_INVALID_ARGUMENT))
        << n << " bytes: " << status << " " << minnow_last_error();
  }
  EXPECT_EQ(open_copy(bytes), MINNOW_OK);
}

TEST(ModelSweep, AFileCutAnywhereInItsTensorsIsRefused) {
  const Bytes bytes = ModelFile().build();
  ASSERT_EQ(open_copy(bytes), MINNOW_OK);
  for (std::size_t n = 0; n < bytes.size(); n += 7)
    ASSERT_NE(open_copy(std::span(bytes).first(n)), MINNOW_OK) << n;
}

TEST(ModelSweep, AHeaderWithOneByteChangedIsRefusedOrRuns) {
  const GgufWriter writer = ModelFile().writer();
  Bytes bytes = writer.build();
  const std::size_t header = writer.directory_bytes();
  int n_refused = 0;
  for (std::size_t i = 0; i < header; ++i) {
    const std::byte original = bytes[i];
    for (const int change : {0xff, 0x01, 0x80}) {
      bytes[i] = original ^ static_cast<std::byte>(change);
      const minnow_status status = open_copy(bytes);
      n_refused += status != MINNOW_OK;
      ASSERT_NE(status, MINNOW_INTERNAL_ERROR) << "byte " << i << ": " << minnow_last_error();
    }
    bytes[i] = original;
  }
  EXPECT_GT(n_refused, static_cast<int>(header));
}

}  // namespace
}  // namespace minnow

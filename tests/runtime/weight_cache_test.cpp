// Packed weights on disk, and weights left in the model file: the same bits as weights packed anew,
// and a cache file that does not fit is never used.
#include "runtime/weight_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "support/temporary_folder.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;
namespace fs = std::filesystem;

std::vector<std::byte> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void flip_byte(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(offset));
  const auto byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

class WeightCache : public ::testing::Test {
 protected:
  void SetUp() override {
    model_path_ = folder_.write("model.gguf", read_bytes(data_path(kModel)));
    tokens_ = read_token_lists(data_path("quant/qllama.tokens.json")).at(1);
  }
  Options options() const {
    Options options;
    options.cache_dir = folder_.path("cache");
    return options;
  }
  std::vector<float> logits(const std::shared_ptr<Model>& model) const {
    std::vector<float> out;
    EXPECT_TRUE(is_ok(all_logits(model, tokens_, {}, out)));
    return out;
  }
  std::vector<float> expected() const { return logits(must_open(model_path_)); }
  // Opens with the cache: whether it was mapped, and that the logits are those without it.
  bool is_mapped_and_right() const {
    const auto model = must_open(model_path_, options());
    EXPECT_TRUE(model->is_cached());
    EXPECT_EQ(logits(model), expected());
    return model->weights_bytes() == 0;
  }
  std::string cache_file() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path("cache")))
      found.push_back(entry.path().string());
    EXPECT_EQ(found.size(), 1u) << "files in the cache folder";
    return found.at(0);
  }

  static constexpr const char* kModel = "quant/qllama-Q5_0.gguf";
  TemporaryFolder folder_;
  std::string model_path_;
  std::vector<Token> tokens_;
};

TEST_F(WeightCache, IsMadeByTheFirstOpeningAndMappedByTheNext) {
  EXPECT_FALSE(is_mapped_and_right());
  EXPECT_TRUE(is_mapped_and_right());
  EXPECT_TRUE(is_mapped_and_right());
  EXPECT_EQ(cache_file().substr(cache_file().rfind('.')), ".minnow-weights");
}

TEST_F(WeightCache, IsMadeAgainWhenAByteIsDamagedAnywhere) {
  EXPECT_FALSE(is_mapped_and_right());
  const std::uint64_t n_bytes = fs::file_size(cache_file());
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{30}, std::uint64_t{100},
        std::uint64_t{4096}, n_bytes / 2, n_bytes - 20, n_bytes - 1}) {
    flip_byte(cache_file(), offset);
    EXPECT_FALSE(is_mapped_and_right()) << "byte " << offset << " of " << n_bytes;
    EXPECT_TRUE(is_mapped_and_right()) << "byte " << offset << " of " << n_bytes;
  }
}

TEST_F(WeightCache, IsMadeAgainWhenItIsCutShortOrTooLong) {
  EXPECT_FALSE(is_mapped_and_right());
  const std::uint64_t n_bytes = fs::file_size(cache_file());
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{50}, std::uint64_t{4096},
                                   n_bytes / 2, n_bytes - 1, n_bytes + 1}) {
    fs::resize_file(cache_file(), size);
    EXPECT_FALSE(is_mapped_and_right()) << size << " of " << n_bytes << " bytes";
    EXPECT_TRUE(is_mapped_and_right()) << size << " of " << n_bytes << " bytes";
  }
}

TEST_F(WeightCache, IsMadeAgainWhenTheModelFileHasChanged) {
  EXPECT_FALSE(is_mapped_and_right());
  const auto before = logits(must_open(model_path_, options()));
  // One weight in the middle, and a time that a quick test would not reach by itself.
  flip_byte(model_path_, fs::file_size(model_path_) * 3 / 4);
  fs::last_write_time(model_path_, fs::last_write_time(model_path_) + std::chrono::seconds(2));
  EXPECT_FALSE(is_mapped_and_right());
  EXPECT_TRUE(is_mapped_and_right());
  EXPECT_NE(logits(must_open(model_path_, options())), before);
}

TEST_F(WeightCache, OfOneModelIsNotUsedForAnother) {
  EXPECT_FALSE(is_mapped_and_right());
  const std::string file = cache_file();
  const auto bytes = read_bytes(file);
  fs::remove(file);
  model_path_ = folder_.write("other.gguf", read_bytes(data_path("quant/qllama-Q5_1.gguf")));
  EXPECT_FALSE(is_mapped_and_right());
  folder_.write("cache/" + fs::path(cache_file()).filename().string(), bytes);
  EXPECT_FALSE(is_mapped_and_right());
}

TEST_F(WeightCache, ThatCannotBeWrittenIsAWarning) {
  Options there_is_no_such = options();
  there_is_no_such.cache_dir = folder_.path("no/where");
  std::vector<std::string> warnings;
  there_is_no_such.log.callback = [](void* user, int level, const char* text) {
    EXPECT_EQ(level, 1);
    static_cast<std::vector<std::string>*>(user)->push_back(text);
  };
  there_is_no_such.log.user = &warnings;
  const auto model = must_open(model_path_, there_is_no_such);
  EXPECT_FALSE(model->is_cached());
  EXPECT_EQ(logits(model), expected());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("no/where"), std::string::npos) << warnings[0];
}

class WeightsInPlace : public ::testing::TestWithParam<GoldenModel> {};

TEST_P(WeightsInPlace, GiveTheSameBitsAndTakeLess) {
  const GoldenModel& golden = GetParam();
  Options in_place;
  in_place.weights = "in_place";
  const auto packed = must_open(golden.path), left = must_open(golden.path, in_place);
  ASSERT_LT(left->weights_bytes(), packed->weights_bytes() / 4);
  const auto lists = read_token_lists(golden.tokens_path);
  ASSERT_FALSE(lists.empty());
  for (const int n_batch : {1, 7, 64}) {
    RunSetup setup;
    setup.n_batch = n_batch;
    std::string expected, found;
    ASSERT_TRUE(is_ok(logits_digest(packed, lists, setup, expected)));
    ASSERT_TRUE(is_ok(logits_digest(left, lists, setup, found)));
    EXPECT_EQ(found, expected) << describe(setup);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, WeightsInPlace, ::testing::ValuesIn(golden_models()),
                         [](const auto& model) { return test_name(model.param.name); });

}  // namespace
}  // namespace minnow

// Adapters: what they add is what merged weights would give; the same bits on every table, with any
// threads and batches; wrong files are refused by name.
#include "runtime/lora_adapter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/float16.hpp"
#include "base/join.hpp"
#include "runtime/chat.hpp"
#include "runtime/saved_chat.hpp"
#include "support/model_file.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_sessions.hpp"

namespace minnow {
namespace {

using namespace testing_support;

constexpr std::uint32_t kF32Type = 0, kF16Type = 1;

// A LoRA in memory, as convert_lora_to_gguf writes it.
struct LoraFile {
  struct Pair {
    std::uint64_t k, rank, n_rows;
    std::vector<float> a, b;  // [rank, k], [n_rows, rank]
  };
  std::string architecture = "llama", general_type = "adapter", type = "lora";
  float alpha = 8;
  std::uint32_t format = kF32Type;
  std::map<std::string, Pair> pairs;

  // Small random matrices for one tensor of a model.
  void add(const ModelFile& model, const std::string& name, std::uint64_t rank, unsigned seed) {
    const auto& dims = model.tensors.at(name).dims;
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(0.0f, 0.1f);
    Pair pair{dims[0], rank, dims[1], {}, {}};
    for (std::uint64_t i = 0; i < rank * dims[0]; ++i) pair.a.push_back(normal(engine));
    for (std::uint64_t i = 0; i < rank * dims[1]; ++i) pair.b.push_back(normal(engine));
    pairs[name] = pair;
  }
  Bytes bytes_of(const std::vector<float>& values) const {
    Bytes bytes;
    for (const float value : values) {
      if (format == kF16Type)
        append_number(bytes, float32_to_float16(value));
      else
        append_number(bytes, value);
    }
    return bytes;
  }
  Bytes build() const {
    GgufWriter writer;
    writer.add_string("general.architecture", architecture);
    writer.add_string("general.type", general_type);
    writer.add_string("general.name", "test-lora");
    writer.add_string("adapter.type", type);
    writer.add("adapter.lora.alpha", alpha);
    for (const auto& [name, pair] : pairs) {
      writer.add_tensor(name + ".lora_a", {pair.k, pair.rank}, format, bytes_of(pair.a));
      writer.add_tensor(name + ".lora_b", {pair.rank, pair.n_rows}, format, bytes_of(pair.b));
    }
    return writer.build();
  }
  // The model with scale * alpha / rank * B A added to its weights, in double.
  void merge_into(ModelFile& model, float scale) const {
    for (const auto& [name, pair] : pairs) {
      std::vector<float>& weights = model.tensors.at(name).values;
      const double s = double{scale} * alpha / static_cast<double>(pair.rank);
      for (std::uint64_t row = 0; row < pair.n_rows; ++row) {
        for (std::uint64_t i = 0; i < pair.k; ++i) {
          double sum = 0;
          for (std::uint64_t r = 0; r < pair.rank; ++r)
            sum += double{pair.b[row * pair.rank + r]} * pair.a[r * pair.k + i];
          weights[row * pair.k + i] += static_cast<float>(s * sum);
        }
      }
    }
  }
};

const std::vector<std::string> kAllMatrices = {"blk.0.attn_q.weight",   "blk.0.attn_k.weight",
                                               "blk.0.attn_v.weight",   "blk.0.attn_output.weight",
                                               "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight",
                                               "blk.0.ffn_down.weight", "blk.1.attn_q.weight",
                                               "blk.1.ffn_up.weight",   "blk.1.ffn_down.weight"};

class AdapterTest : public ::testing::Test {
 protected:
  std::shared_ptr<Model> open(const ModelFile& file, const Options& options = {}) {
    return must_open(folder_.write(join("m", ++n_files_, ".gguf"), file.build()), options);
  }
  Status open_adapter(const std::shared_ptr<Model>& model, const LoraFile& lora,
                      std::shared_ptr<const Adapter>& out) {
    MappedFile file;
    MINNOW_TRY(MappedFile::open(folder_.write(join("a", ++n_files_, ".gguf"), lora.build()), file));
    return Adapter::open(model, file, out);
  }
  std::shared_ptr<const Adapter> must_adapt(const std::shared_ptr<Model>& model,
                                            const LoraFile& lora) {
    std::shared_ptr<const Adapter> adapter;
    EXPECT_TRUE(is_ok(open_adapter(model, lora, adapter)));
    return adapter;
  }
  static std::vector<float> logits_of(Session& session, const std::vector<Token>& tokens) {
    EXPECT_TRUE(is_ok(session.truncate(0)));
    EXPECT_TRUE(is_ok(session.prefill(tokens)));
    return last_logits(session);
  }
  static double difference(const std::vector<float>& a, const std::vector<float>& b) {
    double most = 0, range = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      most = std::max(most, std::fabs(double{a[i]} - b[i]));
      range = std::max(range, std::fabs(double{a[i]}));
    }
    return most / range;
  }

  TemporaryFolder folder_;
  int n_files_ = 0;
  std::vector<Token> tokens_ = {3, 9, 17, 4, 22, 31, 8, 40, 11, 5, 6, 7};
};

TEST_F(AdapterTest, GivesWhatMergedWeightsGive) {
  const ModelFile base;
  Options options;
  options.kv_type = "f32";
  const auto model = open(base);
  for (const std::uint64_t rank : {1u, 4u, 6u, 16u}) {
    LoraFile lora;
    for (std::size_t i = 0; i < kAllMatrices.size(); ++i)
      lora.add(base, kAllMatrices[i], rank, static_cast<unsigned>(i));
    const float scale = 0.8f;
    ModelFile merged = base;
    lora.merge_into(merged, scale);
    const auto session = must_create(model, options);
    const std::vector<float> plain = logits_of(*session, tokens_);
    ASSERT_TRUE(is_ok(session->attach(must_adapt(model, lora), scale)));
    const std::vector<float> adapted = logits_of(*session, tokens_);
    const std::vector<float> expected = logits_of(*must_create(open(merged), options), tokens_);
    EXPECT_LT(difference(expected, adapted), 2e-5) << "rank " << rank;
    EXPECT_GT(difference(plain, adapted), 1e-3) << "rank " << rank;
  }
}

TEST_F(AdapterTest, OfHalfFloatsAndOfTheHeadWork) {
  ModelFile base;
  base.put("output.weight", {32, 44});
  LoraFile lora;
  lora.format = kF16Type;
  lora.add(base, "output.weight", 4, 5);
  lora.add(base, "blk.1.attn_output.weight", 4, 6);
  for (auto& [name, pair] : lora.pairs) {
    for (float& value : pair.a) value = float16_to_float32(float32_to_float16(value));
    for (float& value : pair.b) value = float16_to_float32(float32_to_float16(value));
  }
  ModelFile merged = base;
  lora.merge_into(merged, 1.0f);
  const auto model = open(base);
  const auto session = must_create(model);
  ASSERT_TRUE(is_ok(session->attach(must_adapt(model, lora), 1.0f)));
  EXPECT_LT(
      difference(logits_of(*must_create(open(merged)), tokens_), logits_of(*session, tokens_)),
      1e-3);  // the cache holds float16
}

TEST_F(AdapterTest, AddUpInOrderAndDetachWithoutATrace) {
  const ModelFile base;
  const auto model = open(base);
  LoraFile first, second;
  first.add(base, "blk.0.attn_q.weight", 4, 1);
  first.add(base, "blk.0.ffn_gate.weight", 4, 2);
  second.add(base, "blk.0.attn_q.weight", 8, 3);
  const auto a = must_adapt(model, first), b = must_adapt(model, second);
  const auto session = must_create(model);
  const std::vector<float> plain = logits_of(*session, tokens_);
  ASSERT_TRUE(is_ok(session->attach(a, 1.0f)));
  EXPECT_EQ(session->position(), 0) << "what was read was read without it";
  const std::vector<float> only_a = logits_of(*session, tokens_);
  ASSERT_TRUE(is_ok(session->attach(b, -0.5f)));
  const std::vector<float> both = logits_of(*session, tokens_);
  EXPECT_NE(both, only_a);
  ASSERT_TRUE(is_ok(session->attach(a, 1.0f)));
  EXPECT_EQ(session->position(), static_cast<std::int64_t>(tokens_.size())) << "nothing changed";
  ASSERT_TRUE(is_ok(session->attach(b, 0.0f)));
  EXPECT_EQ(logits_of(*session, tokens_), only_a);
  ASSERT_TRUE(is_ok(session->attach(a, 0.0f)));
  EXPECT_EQ(logits_of(*session, tokens_), plain);
  // Another session of the same model never noticed.
  EXPECT_EQ(logits_of(*must_create(model), tokens_), plain);
}

TEST_F(AdapterTest, HasTheSameBitsOnEveryTableAndSplit) {
  ModelFile base;
  LoraFile lora;
  for (std::size_t i = 0; i < kAllMatrices.size(); ++i)
    lora.add(base, kAllMatrices[i], 5, static_cast<unsigned>(i));
  std::vector<float> expected;
  for (const std::string& isa : table_names()) {
    if (!why_not_run(isa).empty()) continue;
    for (const int threads : {1, 3}) {
      for (const int batch : {1, 5, 64}) {
        Options options;
        options.isa = isa;
        options.threads = threads;
        options.n_batch = batch;
        const auto model = open(base, options);
        const auto session = must_create(model, options);
        ASSERT_TRUE(is_ok(session->attach(must_adapt(model, lora), 0.7f)));
        const std::vector<float> found = logits_of(*session, tokens_);
        if (expected.empty()) expected = found;
        EXPECT_TRUE(found.size() == expected.size() &&
                    std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0)
            << isa << " " << threads << " " << batch;
      }
    }
  }
}

TEST_F(AdapterTest, ThatDoesNotFitIsRefusedByName) {
  const ModelFile base;
  const auto model = open(base);
  std::shared_ptr<const Adapter> adapter;
  LoraFile good;
  good.add(base, "blk.0.attn_q.weight", 4, 1);
  LoraFile bad = good;
  bad.architecture = "qwen2";
  EXPECT_TRUE(fails(open_adapter(model, bad, adapter), StatusCode::kMismatch, {"qwen2", "llama"}));
  bad = good;
  bad.general_type = "model";
  EXPECT_TRUE(fails(open_adapter(model, bad, adapter), StatusCode::kBadFile, {"not an adapter"}));
  bad = good;
  bad.type = "control_vector";
  EXPECT_TRUE(
      fails(open_adapter(model, bad, adapter), StatusCode::kUnsupported, {"control_vector"}));
  bad = good;
  bad.pairs["blk.7.attn_q.weight"] = bad.pairs["blk.0.attn_q.weight"];
  bad.pairs["blk.0.attn_k.weight"] = bad.pairs["blk.0.attn_q.weight"];
  EXPECT_TRUE(fails(open_adapter(model, bad, adapter), StatusCode::kMismatch,
                    {"blk.7.attn_q.weight", "blk.0.attn_k.weight", "32"}));
  bad = good;
  bad.pairs["token_embd.weight"] = {32, 4, 44, std::vector<float>(128), std::vector<float>(176)};
  EXPECT_TRUE(
      fails(open_adapter(model, bad, adapter), StatusCode::kUnsupported, {"token_embd.weight"}));
  EXPECT_TRUE(fails(open_adapter(model, LoraFile{}, adapter), StatusCode::kMismatch, {"no pairs"}));
  EXPECT_EQ(adapter, nullptr);
  const auto other = open(base);
  const auto session = must_create(other);
  EXPECT_TRUE(
      fails(session->attach(must_adapt(model, good), 1.0f), StatusCode::kMismatch, {"test-lora"}));
  EXPECT_TRUE(fails(session->attach(must_adapt(other, good), INFINITY),
                    StatusCode::kInvalidArgument, {"finite"}));
}

TEST_F(AdapterTest, IsPartOfASavedSessionAndOfAFork) {
  const ModelFile base;
  const auto model = open(base);
  LoraFile lora;
  lora.add(base, "blk.0.ffn_down.weight", 4, 1);
  const auto adapter = must_adapt(model, lora);
  std::unique_ptr<Chat> chat, fork, other;
  ASSERT_TRUE(is_ok(Chat::create(model, {}, chat)));
  ASSERT_TRUE(is_ok(chat->session().attach(adapter, 0.5f)));
  ASSERT_TRUE(is_ok(chat->session().prefill(tokens_)));
  const std::string path = folder_.path("chat.mnw");
  ASSERT_TRUE(is_ok(save_chat(*chat, path)));
  ASSERT_TRUE(is_ok(chat->fork(fork)));
  ASSERT_TRUE(is_ok(Chat::create(model, {}, other)));
  EXPECT_TRUE(
      fails(restore_chat(*other, path), StatusCode::kMismatch, {"adapters", "test-lora", "none"}));
  ASSERT_TRUE(is_ok(other->session().attach(adapter, 0.25f)));
  EXPECT_TRUE(fails(restore_chat(*other, path), StatusCode::kMismatch, {"0.5", "0.25"}));
  ASSERT_TRUE(is_ok(other->session().attach(adapter, 0.5f)));
  ASSERT_TRUE(is_ok(restore_chat(*other, path)));
  for (Chat* one : {chat.get(), fork.get(), other.get()})
    ASSERT_TRUE(is_ok(one->session().decode(13)));
  EXPECT_EQ(last_logits(fork->session()), last_logits(chat->session()));
  EXPECT_EQ(last_logits(other->session()), last_logits(chat->session()));
}

}  // namespace
}  // namespace minnow

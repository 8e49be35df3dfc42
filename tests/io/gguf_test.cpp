// Well-formed files: what a reader finds in them.
#include "io/gguf.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/memory.hpp"
#include "support/gguf_writer.hpp"

namespace minnow {
namespace {

using testing_support::append_number;
using testing_support::append_text;
using testing_support::Bytes;
using testing_support::GgufWriter;

// A file in memory and its directory.
struct Opened {
  explicit Opened(const GgufWriter& writer) : bytes(writer.build()) {
    status = MappedFile::open_memory(bytes, "test.gguf", file);
    if (status.ok()) status = gguf.read(file);
  }
  Bytes bytes;
  MappedFile file;
  HostMemory memory;
  Gguf gguf{&memory};
  Status status;
};

TEST(Gguf, ReadsEveryScalarType) {
  GgufWriter writer;
  writer.add<std::uint8_t>("u8", 200);
  writer.add<std::int8_t>("i8", -100);
  writer.add<std::uint16_t>("u16", 60000);
  writer.add<std::int16_t>("i16", -30000);
  writer.add<std::uint32_t>("u32", 4000000000u);
  writer.add<std::int32_t>("i32", -2000000000);
  writer.add<std::uint64_t>("u64", 18000000000000000000u);
  writer.add<std::int64_t>("i64", -9000000000000000000);
  writer.add<float>("f32", 1.5f);
  writer.add<double>("f64", 1e-6);
  writer.add<bool>("yes", true);
  writer.add<bool>("no", false);
  writer.add_string("text", std::string_view("a\0b", 3));
  writer.add_string("empty", "");
  for (const std::uint32_t version : {2u, 3u}) {
    writer.version = version;
    Opened opened(writer);
    ASSERT_TRUE(opened.status.ok()) << opened.status.message();
    const Gguf& gguf = opened.gguf;
    EXPECT_EQ(gguf.version(), version);
    EXPECT_EQ(gguf.entries().size(), 14u);
    EXPECT_EQ(gguf.entries()[0].key, "u8");
    std::uint32_t u32 = 0;
    std::int32_t i32 = 0;
    std::uint64_t u64 = 0;
    std::int64_t i64 = 0;
    EXPECT_TRUE(gguf.get_u32("u8", u32).ok() && u32 == 200);
    EXPECT_TRUE(gguf.get_u32("u16", u32).ok() && u32 == 60000);
    EXPECT_TRUE(gguf.get_u32("u32", u32).ok() && u32 == 4000000000u);
    EXPECT_TRUE(gguf.get_i32("i8", i32).ok() && i32 == -100);
    EXPECT_TRUE(gguf.get_i32("i16", i32).ok() && i32 == -30000);
    EXPECT_TRUE(gguf.get_i32("i32", i32).ok() && i32 == -2000000000);
    EXPECT_TRUE(gguf.get_i64("i64", i64).ok() && i64 == -9000000000000000000);
    EXPECT_TRUE(gguf.get_i64("u32", i64).ok() && i64 == 4000000000);
    EXPECT_TRUE(gguf.get_u64("u64", u64).ok() && u64 == 18000000000000000000u);
    float number = 0;
    EXPECT_TRUE(gguf.get_float("f32", number).ok() && number == 1.5f);
    EXPECT_TRUE(gguf.get_float("f64", number).ok() && number == 1e-6f);
    bool flag = false;
    EXPECT_TRUE(gguf.get_bool("yes", flag).ok() && flag);
    EXPECT_TRUE(gguf.get_bool("no", flag).ok() && !flag);
    std::string_view text;
    EXPECT_TRUE(gguf.get_string("text", text).ok() && text == std::string_view("a\0b", 3));
    EXPECT_TRUE(gguf.get_string("empty", text).ok() && text.empty());
  }
}

TEST(Gguf, RefusesValuesOutOfRangeOrOfAnotherTypeByName) {
  GgufWriter writer;
  writer.add<std::int32_t>("negative", -1);
  writer.add<std::uint64_t>("large", 1ull << 40);
  writer.add<std::uint64_t>("largest", UINT64_MAX);
  writer.add<float>("float", 1);
  writer.add_string("string", "1");
  writer.add_array<std::int32_t>("array", {1, 2});
  Opened opened(writer);
  ASSERT_TRUE(opened.status.ok()) << opened.status.message();
  const Gguf& gguf = opened.gguf;
  std::uint32_t u32 = 77;
  for (const char* key : {"negative", "large", "largest", "float", "string", "array"}) {
    const Status status = gguf.get_u32(key, u32);
    EXPECT_EQ(status.code(), StatusCode::kBadFile) << key;
    EXPECT_NE(status.message().find(key), std::string::npos) << status.message();
  }
  EXPECT_EQ(gguf.get_u32("absent", u32).code(), StatusCode::kNotFound);
  EXPECT_EQ(u32, 77u);
  std::int64_t i64 = 77;
  EXPECT_EQ(gguf.get_i64("largest", i64).message(),
            "'test.gguf': the key 'largest' is 18446744073709551615, which is out of range");
  std::uint64_t u64 = 0;
  EXPECT_FALSE(gguf.get_u64("negative", u64).ok());
  float number = 0;
  EXPECT_EQ(gguf.get_float("array", number).message(),
            "'test.gguf': the key 'array' is an array of int32, a float is expected");
  bool flag = false;
  EXPECT_EQ(gguf.get_bool("negative", flag).code(), StatusCode::kBadFile);
  std::string_view text;
  EXPECT_EQ(gguf.get_string("float", text).code(), StatusCode::kBadFile);
}

TEST(Gguf, ReadsArraysOfNumbers) {
  GgufWriter writer;
  writer.add<std::uint8_t>("shifts everything by an odd number", 1);
  writer.add_array<float>("scores", {1.5f, -2.5f});
  writer.add_array<double>("wide", {0.1, 1e300, -1e300, std::nan("")});
  writer.add_array<std::int8_t>("i8", {-1, 127});
  writer.add_array<std::uint16_t>("u16", {65535});
  writer.add_array<std::int32_t>("types", {1, -6});
  writer.add_array<std::uint64_t>("u64", {UINT64_MAX});
  writer.add_array<std::int64_t>("i64", {INT64_MIN});
  writer.add_array<std::int32_t>("none", {});
  Opened opened(writer);
  ASSERT_TRUE(opened.status.ok()) << opened.status.message();
  const Gguf& gguf = opened.gguf;

  GgufFloats floats;
  ASSERT_TRUE(gguf.get_floats("scores", floats, 2).ok());
  EXPECT_EQ(floats[0], 1.5f);
  EXPECT_EQ(floats[1], -2.5f);
  ASSERT_TRUE(gguf.get_floats("wide", floats).ok());
  EXPECT_EQ(floats[0], 0.1f);
  EXPECT_EQ(floats[1], std::numeric_limits<float>::infinity());
  EXPECT_EQ(floats[2], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(floats[3]));

  GgufIntegers integers;
  ASSERT_TRUE(gguf.get_integers("i8", integers).ok());
  EXPECT_EQ(integers[0], -1);
  EXPECT_EQ(integers[1], 127);
  ASSERT_TRUE(gguf.get_integers("u16", integers).ok());
  EXPECT_EQ(integers[0], 65535);
  ASSERT_TRUE(gguf.get_integers("types", integers, 2).ok());
  EXPECT_EQ(integers[1], -6);
  ASSERT_TRUE(gguf.get_integers("u64", integers).ok());
  EXPECT_EQ(integers[0], INT64_MAX);
  ASSERT_TRUE(gguf.get_integers("i64", integers).ok());
  EXPECT_EQ(integers[0], INT64_MIN);
  ASSERT_TRUE(gguf.get_integers("none", integers).ok());
  EXPECT_EQ(integers.size(), 0u);

  EXPECT_EQ(gguf.get_integers("types", integers, 3).message(),
            "'test.gguf': the array of key 'types' has 2 elements, 3 are expected");
  EXPECT_EQ(gguf.get_integers("scores", integers).code(), StatusCode::kBadFile);
  EXPECT_EQ(gguf.get_floats("types", floats).code(), StatusCode::kBadFile);
  EXPECT_EQ(gguf.get_floats("absent", floats).code(), StatusCode::kNotFound);
}

TEST(Gguf, ReadsArraysOfStrings) {
  GgufWriter writer;
  const std::vector<std::string> texts = {"", "▁the", std::string("\0x", 2), "\xff\xfe"};
  writer.add_strings("tokens", texts);
  writer.add_strings("none", {});
  writer.add<std::int32_t>("after", 5);
  Opened opened(writer);
  ASSERT_TRUE(opened.status.ok()) << opened.status.message();
  std::pmr::vector<std::string_view> strings(&opened.memory);
  ASSERT_TRUE(opened.gguf.get_strings("tokens", strings, 4).ok());
  ASSERT_EQ(strings.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(strings[i], texts[i]);
  EXPECT_GE(strings[1].data(), reinterpret_cast<const char*>(opened.bytes.data()));  // not copied
  EXPECT_EQ(opened.gguf.get_strings("tokens", strings, 5).code(), StatusCode::kBadFile);
  EXPECT_EQ(opened.gguf.get_strings("after", strings).code(), StatusCode::kBadFile);
  EXPECT_EQ(strings.size(), 4u);
  ASSERT_TRUE(opened.gguf.get_strings("none", strings).ok());
  EXPECT_TRUE(strings.empty());
}

// An array of `depth` arrays, each the only element of the one around it; innermost two int16.
Bytes nested(int depth) {
  Bytes elements;
  for (int i = 1; i < depth; ++i) {
    append_number(elements, i + 1 < depth ? std::uint32_t{9} : std::uint32_t{3});
    append_number(elements, i + 1 < depth ? std::uint64_t{1} : std::uint64_t{2});
  }
  append_number(elements, std::int32_t{7});
  return elements;
}

TEST(Gguf, StepsOverNestedArrays) {
  GgufWriter writer;
  Bytes uneven;  // [[1, 2], [], [[], ["ab"]]]
  append_number(uneven, std::uint32_t{4});
  append_number(uneven, std::uint64_t{2});
  append_number(uneven, std::uint64_t{0});
  append_number(uneven, std::uint32_t{5});
  append_number(uneven, std::uint64_t{0});
  append_number(uneven, std::uint32_t{9});
  append_number(uneven, std::uint64_t{2});
  append_number(uneven, std::uint32_t{9});
  append_number(uneven, std::uint64_t{0});
  append_number(uneven, std::uint32_t{8});
  append_number(uneven, std::uint64_t{1});
  append_text(uneven, "ab");
  writer.add_raw_array("uneven", 9, 3, uneven);
  writer.add_raw_array("deepest", 9, 1, nested(kGgufMaxArrayDepth + 1));
  writer.add<std::int32_t>("after", 5);
  Opened opened(writer);
  ASSERT_TRUE(opened.status.ok()) << opened.status.message();
  const GgufValue* value = opened.gguf.find("uneven");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->element_type, GgufType::kArray);
  EXPECT_EQ(value->n_elements, 3u);
  EXPECT_EQ(value->payload.size(), uneven.size());
  std::int32_t after = 0;
  EXPECT_TRUE(opened.gguf.get_i32("after", after).ok() && after == 5);
}

TEST(Gguf, ListsTensorsAndWhereTheyLie) {
  GgufWriter writer;
  writer.add_string("general.architecture", "llama");
  writer.add_tensor("b", {32, 3}, 0, Bytes(32 * 3 * 4, std::byte{1}));
  writer.add_tensor("a", {64, 2, 2}, 8, Bytes(2 * 34 * 4, std::byte{2}));
  writer.add_tensor("größe", {5}, 0, Bytes(20, std::byte{3}));
  writer.add_tensor("scalar", {}, 26, Bytes(4, std::byte{4}));
  Opened opened(writer);
  ASSERT_TRUE(opened.status.ok()) << opened.status.message();
  const Gguf& gguf = opened.gguf;
  ASSERT_EQ(gguf.tensors().size(), 4u);
  EXPECT_EQ(gguf.tensors()[0].name, "b");
  EXPECT_EQ(gguf.data_offset() % 32, 0u);
  const GgufTensor* tensor = nullptr;
  ASSERT_TRUE(gguf.get_tensor("a", tensor).ok());
  EXPECT_EQ(tensor->n_dims, 3u);
  EXPECT_EQ(tensor->dims[0], 64u);
  EXPECT_EQ(tensor->dims[2], 2u);
  EXPECT_EQ(tensor->dims[3], 1u);
  EXPECT_EQ(tensor->format, 8u);
  EXPECT_EQ(tensor->n_bytes, 272u);
  EXPECT_EQ(opened.bytes[tensor->offset], std::byte{2});
  EXPECT_EQ(opened.bytes[tensor->offset + tensor->n_bytes - 1], std::byte{2});
  ASSERT_TRUE(gguf.get_tensor("größe", tensor).ok());
  EXPECT_EQ(tensor->n_bytes, 20u);
  EXPECT_EQ(opened.bytes[tensor->offset], std::byte{3});
  ASSERT_TRUE(gguf.get_tensor("scalar", tensor).ok());
  EXPECT_EQ(tensor->n_bytes, 4u);
  EXPECT_EQ(gguf.get_tensor("c", tensor).code(), StatusCode::kNotFound);
  EXPECT_EQ(gguf.find_tensor(""), nullptr);
}

TEST(Gguf, HonoursTheAlignmentOfTheFile) {
  for (const std::uint64_t alignment : {1u, 8u, 64u, 4096u}) {
    GgufWriter writer;
    writer.alignment = alignment;
    writer.add<std::uint32_t>("general.alignment", static_cast<std::uint32_t>(alignment));
    writer.add_tensor("a", {3}, 0, Bytes(12, std::byte{1}));
    writer.add_tensor("b", {3}, 0, Bytes(12, std::byte{2}));
    Opened opened(writer);
    ASSERT_TRUE(opened.status.ok()) << opened.status.message();
    EXPECT_EQ(opened.gguf.alignment(), alignment);
    const GgufTensor* tensor = nullptr;
    ASSERT_TRUE(opened.gguf.get_tensor("b", tensor).ok());
    EXPECT_EQ(opened.bytes[tensor->offset], std::byte{2});
    EXPECT_EQ(tensor->offset % alignment, 0u);
  }
}

TEST(Gguf, TakesAFileThatEndsWithItsLastTensor) {
  GgufWriter writer;
  writer.add_tensor("a", {3}, 0, Bytes(12, std::byte{1}));
  const Bytes padded = writer.build();
  MappedFile file;
  ASSERT_TRUE(MappedFile::open_memory(std::span(padded).first(padded.size() - 20), "f", file).ok());
  HostMemory memory;
  Gguf gguf(&memory);
  EXPECT_TRUE(gguf.read(file).ok());
}

TEST(Gguf, UnknownTensorTypesAreAnErrorOnlyWhenTheTensorIsNeeded) {
  GgufWriter writer;
  writer.add_tensor("known", {32}, 0, Bytes(128, std::byte{1}));
  writer.add_tensor("strange", {32}, 4711, Bytes(64, std::byte{1}));
  Opened opened(writer);
  ASSERT_TRUE(opened.status.ok()) << opened.status.message();
  const GgufTensor* tensor = nullptr;
  EXPECT_TRUE(opened.gguf.get_tensor("known", tensor).ok());
  const Status status = opened.gguf.get_tensor("strange", tensor);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(), "'test.gguf': tensor 'strange' is of the unknown type number 4711");
  EXPECT_EQ(tensor->name, "known");
}

TEST(Gguf, MayBeReadAgainAndGivesItsMemoryBack) {
  GgufWriter writer;
  for (int i = 0; i < 100; ++i) writer.add<int>("key." + std::to_string(i), i);
  HostMemory memory;
  {
    const Bytes bytes = writer.build();
    MappedFile file;
    ASSERT_TRUE(MappedFile::open_memory(bytes, "f", file).ok());
    Gguf gguf(&memory);
    ASSERT_TRUE(gguf.read(file).ok());
    const std::size_t once = memory.in_use_bytes();
    ASSERT_TRUE(gguf.read(file).ok());
    EXPECT_EQ(memory.in_use_bytes(), once);
    for (int i = 0; i < 100; ++i) {
      std::int32_t value = -1;
      EXPECT_TRUE(gguf.get_i32("key." + std::to_string(i), value).ok() && value == i);
    }
  }
  EXPECT_EQ(memory.in_use_bytes(), 0u);
}

class TinyModel : public testing::TestWithParam<const char*> {};

// The reference lists every key but the vocabulary's arrays.
TEST_P(TinyModel, HoldsTheMetadataOfTheReference) {
  const std::string base = std::string(MINNOW_TEST_DATA) + "/tiny/" + GetParam();
  std::ifstream text(base + ".json");
  ASSERT_TRUE(text.good()) << base;
  const nlohmann::json reference = nlohmann::json::parse(text);
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(base + ".gguf", file).ok());
  HostMemory memory;
  Gguf gguf(&memory);
  const Status status = gguf.read(file);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_GT(gguf.tensors().size(), 10u);
  EXPECT_EQ(gguf.version(), 3u);

  int n_checked = 0;
  for (const auto& [key, expected] : reference.at("gguf_metadata").items()) {
    SCOPED_TRACE(key);
    if (expected.is_string()) {
      std::string_view value;
      EXPECT_TRUE(gguf.get_string(key, value).ok());
      EXPECT_EQ(value, expected.get<std::string>());
    } else if (expected.is_boolean()) {
      bool value = !expected.get<bool>();
      EXPECT_TRUE(gguf.get_bool(key, value).ok());
      EXPECT_EQ(value, expected.get<bool>());
    } else if (expected.is_number_integer()) {
      std::int64_t value = -1;
      EXPECT_TRUE(gguf.get_i64(key, value).ok());
      EXPECT_EQ(value, expected.get<std::int64_t>());
    } else if (expected.is_number_float()) {
      float value = -1;
      EXPECT_TRUE(gguf.get_float(key, value).ok());
      EXPECT_FLOAT_EQ(value, expected.get<float>());
    } else {
      continue;
    }
    n_checked += 1;
  }
  EXPECT_GE(n_checked, 18);

  std::pmr::vector<std::string_view> tokens(&memory);
  ASSERT_TRUE(gguf.get_strings("tokenizer.ggml.tokens", tokens).ok());
  GgufIntegers types;
  EXPECT_TRUE(gguf.get_integers("tokenizer.ggml.token_type", types, tokens.size()).ok());
  const GgufTensor* embedding = nullptr;
  ASSERT_TRUE(gguf.get_tensor("token_embd.weight", embedding).ok());
  EXPECT_EQ(embedding->dims[1], tokens.size());
  EXPECT_EQ(embedding->n_bytes, embedding->dims[0] * embedding->dims[1] * 4);
}

INSTANTIATE_TEST_SUITE_P(Five, TinyModel,
                         testing::Values("llama", "llama3", "mistral", "qwen2", "gemma3"));

}  // namespace
}  // namespace minnow

// Every truncation and every flipped bit of a directory: always a Status or a consistent directory,
// in bounded memory, never a crash. Runs in process; under the sanitizers it is the strictest test
// of the reader.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "base/memory.hpp"
#include "io/gguf.hpp"
#include "support/gguf_consistency.hpp"
#include "support/gguf_writer.hpp"

namespace minnow {
namespace {

using testing_support::Bytes;
using testing_support::GgufWriter;
using testing_support::inconsistency_of;

// Bytes that end at a page which may not be touched: one byte too far is a fault.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t n_most) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    n_usable_ = (n_most + page - 1) / page * page;
    n_mapped_ = n_usable_ + page;
    void* p = mmap(nullptr, n_mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return;
    start_ = static_cast<std::byte*>(p);
    mprotect(start_ + n_usable_, page, PROT_NONE);
  }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;
  ~GuardedBytes() {
    if (start_ != nullptr) munmap(start_, n_mapped_);
  }

  // A copy of `bytes` whose end is the guard.
  std::span<std::byte> place(std::span<const std::byte> bytes) {
    std::byte* at = start_ + n_usable_ - bytes.size();
    std::memcpy(at, bytes.data(), bytes.size());
    return {at, bytes.size()};
  }

 private:
  std::byte* start_ = nullptr;
  std::size_t n_usable_ = 0;
  std::size_t n_mapped_ = 0;
};

// Reads `bytes`; true when they were accepted. Fails the test when what was accepted is
// inconsistent, or what was refused is not named.
bool accepted(std::span<const std::byte> bytes) {
  MappedFile file;
  EXPECT_TRUE(MappedFile::open_memory(bytes, "swept", file).ok());
  HostMemory memory({}, 2 * bytes.size() + (16u << 20));
  Gguf gguf(&memory);
  const Status status = gguf.read(file);
  if (status.ok()) {
    EXPECT_EQ(inconsistency_of(gguf, file), "");
    return true;
  }
  EXPECT_TRUE(status.code() == StatusCode::kBadFile || status.code() == StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("'swept'"), std::string::npos) << status.message();
  return false;
}

TEST(GgufSweep, EveryTruncationOfATinyModelIsRefused) {
  MappedFile model;
  ASSERT_TRUE(MappedFile::open(std::string(MINNOW_TEST_DATA) + "/tiny/llama.gguf", model).ok());
  HostMemory memory;
  Gguf gguf(&memory);
  ASSERT_TRUE(gguf.read(model).ok());
  const auto data_offset = static_cast<std::size_t>(gguf.data_offset());
  ASSERT_GT(data_offset, 10000u);

  GuardedBytes guarded(model.n_bytes());
  std::size_t n_accepted = 0;
  for (std::size_t n = 1; n <= data_offset; ++n)
    n_accepted += accepted(guarded.place(model.bytes().first(n))) ? 1 : 0;
  EXPECT_EQ(n_accepted, 0u);
  const GgufTensor& last = gguf.tensors().back();
  const auto needed = static_cast<std::size_t>(last.offset + last.n_bytes);
  for (std::size_t n = data_offset; n < needed; n += 997)
    EXPECT_FALSE(accepted(guarded.place(model.bytes().first(n)))) << n;
  EXPECT_FALSE(accepted(guarded.place(model.bytes().first(needed - 1))));
  EXPECT_TRUE(accepted(guarded.place(model.bytes().first(needed))));
}

// One of everything.
Bytes small_model() {
  GgufWriter writer;
  writer.alignment = 64;
  writer.add<std::uint32_t>("general.alignment", 64);
  writer.add_string("general.architecture", "llama");
  writer.add<std::uint8_t>("u8", 1);
  writer.add<std::int16_t>("i16", -1);
  writer.add<std::uint64_t>("u64", 1);
  writer.add<double>("f64", 0.5);
  writer.add<bool>("flag", true);
  writer.add_array<float>("scores", {1, 2, 3});
  writer.add_array<std::int32_t>("types", {1, 2, 3});
  writer.add_strings("tokens", {"a", "", "ccc"});
  Bytes nested;
  for (int i = 0; i < 2; ++i) {
    testing_support::append_number(nested, std::uint32_t{2});
    testing_support::append_number(nested, std::uint64_t{2});
    testing_support::append_number(nested, std::uint32_t{5});
  }
  writer.add_raw_array("nested", 9, 2, nested);
  writer.add_tensor("w", {64, 2}, 8, Bytes(136, std::byte{1}));
  writer.add_tensor("v", {16}, 0, Bytes(64, std::byte{1}));
  writer.add_tensor("x", {3, 2, 2, 1}, 999, Bytes(10, std::byte{1}));
  return writer.build();
}

TEST(GgufSweep, EveryFlippedBitGivesAStatusOrAConsistentDirectory) {
  const Bytes model = small_model();
  ASSERT_TRUE(accepted(model));
  GuardedBytes guarded(model.size());
  const std::span<std::byte> bytes = guarded.place(model);
  std::size_t n_accepted = 0;
  for (std::size_t bit = 0; bit < model.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    n_accepted += accepted(bytes) ? 1 : 0;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
  // Flips in names, values and data are harmless; those in lengths, counts and types mostly not.
  EXPECT_GT(n_accepted, model.size());
  EXPECT_LT(n_accepted, model.size() * 7);
}

TEST(GgufSweep, EveryByteSetToExtremesGivesAStatusOrAConsistentDirectory) {
  const Bytes model = small_model();
  GuardedBytes guarded(model.size());
  const std::span<std::byte> bytes = guarded.place(model);
  for (const std::size_t width : {1u, 4u, 8u}) {
    for (const unsigned char value : {0x00, 0x7f, 0x80, 0xff}) {
      for (std::size_t i = 0; i + width <= model.size(); ++i) {
        std::memset(bytes.data() + i, value, width);
        (void)accepted(bytes);
        std::memcpy(bytes.data() + i, model.data() + i, width);
      }
    }
  }
  EXPECT_TRUE(accepted(bytes));
}

// Two flips at seeded places, in the directory of a real layout.
TEST(GgufSweep, SeededFlipsOfATinyModelGiveAStatusOrAConsistentDirectory) {
  MappedFile model;
  ASSERT_TRUE(MappedFile::open(std::string(MINNOW_TEST_DATA) + "/tiny/qwen2.gguf", model).ok());
  HostMemory memory;
  Gguf gguf(&memory);
  ASSERT_TRUE(gguf.read(model).ok());
  const std::size_t n_bits = static_cast<std::size_t>(gguf.data_offset()) * 8;
  GuardedBytes guarded(model.n_bytes());
  const std::span<std::byte> bytes = guarded.place(model.bytes());
  std::uint64_t state = 20240501;  // seed
  const auto next_bit = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>((state >> 20) % n_bits);
  };
  std::size_t n_accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::size_t places[2] = {next_bit(), next_bit()};
    for (const std::size_t bit : places) bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    n_accepted += accepted(bytes) ? 1 : 0;
    for (const std::size_t bit : places) bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
  }
  EXPECT_GT(n_accepted, 0u);
  EXPECT_LT(n_accepted, 3000u);
}

// Depth bombs must not need a stack: this runs in a thread of 256 KiB.
TEST(GgufSweep, DeeplyNestedArraysNeedNoStack) {
  static Bytes bytes = [] {
    GgufWriter writer;
    Bytes payload;
    for (int i = 0; i < 1000000; ++i) {
      testing_support::append_number(payload, std::uint32_t{9});
      testing_support::append_number(payload, std::uint64_t{1});
    }
    writer.add_raw("bomb", 9, payload);
    return writer.build();
  }();
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 << 10), 0);
  pthread_t thread;
  bool was_accepted = true;
  const auto body = [](void* out) -> void* {
    *static_cast<bool*>(out) = accepted(bytes);
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, body, &was_accepted), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  EXPECT_FALSE(was_accepted);
}

}  // namespace
}  // namespace minnow

// Damaged and hostile files: each is a Status whose message names what is wrong.
#include <gtest/gtest.h>

#include <functional>

#include "base/memory.hpp"
#include "io/gguf.hpp"
#include "support/gguf_writer.hpp"
#include "support/temporary_folder.hpp"

namespace minnow {
namespace {

using testing_support::append_number;
using testing_support::append_text;
using testing_support::Bytes;
using testing_support::GgufWriter;

Bytes bytes_of(std::string_view text) {
  const auto* p = reinterpret_cast<const std::byte*>(text.data());
  return Bytes(p, p + text.size());
}

Status read(const Bytes& bytes) {
  MappedFile file;
  Status status = MappedFile::open_memory(bytes, "bad.gguf", file);
  if (!status.ok()) return status;
  HostMemory memory({}, 2 * bytes.size() + (16u << 20));
  Gguf gguf(&memory);
  status = gguf.read(file);
  EXPECT_TRUE(status.ok() || (gguf.entries().empty() && gguf.tensors().empty()));
  return status;
}

// A good small file, which each case below breaks in one place.
GgufWriter good() {
  GgufWriter writer;
  writer.add_string("general.architecture", "llama");
  writer.add_array<float>("numbers", {1, 2, 3});
  writer.add_tensor("a", {32, 2}, 0, Bytes(256, std::byte{1}));
  return writer;
}

struct Case {
  const char* name;
  std::function<Bytes()> build;
  const char* message;
  StatusCode code = StatusCode::kBadFile;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class BadGguf : public testing::TestWithParam<Case> {};

TEST_P(BadGguf, IsRefusedByName) {
  const Status status = read(GetParam().build());
  EXPECT_EQ(status.code(), GetParam().code) << status.message();
  EXPECT_NE(status.message().find(GetParam().message), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("'bad.gguf'"), std::string::npos) << status.message();
  EXPECT_LT(status.message().size(), 8000u);
}

Bytes with(const std::function<void(GgufWriter&)>& change) {
  GgufWriter writer = good();
  change(writer);
  return writer.build();
}

Bytes with_tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                  std::uint64_t offset) {
  return with([&](GgufWriter& writer) { writer.add_tensor_at(name, dims, type, offset); });
}

const Case kHeaders[] = {
    {"Empty", [] { return Bytes(); }, "is empty"},
    {"Short", [] { return bytes_of("GG"); }, "not a GGUF file: it has only 2 bytes"},
    {"Magic", [] { return bytes_of("hello world"); }, "not a GGUF file: it starts with 'hell'"},
    {"OldMagic", [] { return bytes_of("tjgg1234"); }, "from before GGUF"},
    {"LfsPointer", [] { return bytes_of("version https://git-lfs"); }, "Git LFS pointer"},
    {"WebPage", [] { return bytes_of("<!DOCTYPE html>"); }, "a web page"},
    {"Zip", [] { return bytes_of("PK\x03\x04...."); }, "a zip archive"},
    {"SwappedMagic", [] { return bytes_of("FUGG\x03"); }, "big-endian", StatusCode::kUnsupported},
    {"BigEndian", [] { return with([](GgufWriter& w) { w.version = 0x03000000; }); },
     "the file is big-endian; only little-endian", StatusCode::kUnsupported},
    {"VersionOne", [] { return with([](GgufWriter& w) { w.version = 1; }); },
     "GGUF version 1; versions 2 and 3 are read (version 1 was", StatusCode::kUnsupported},
    {"VersionZero", [] { return with([](GgufWriter& w) { w.version = 0; }); }, "GGUF version 0;",
     StatusCode::kUnsupported},
    {"VersionFour", [] { return with([](GgufWriter& w) { w.version = 4; }); }, "GGUF version 4;",
     StatusCode::kUnsupported},
    {"NoCounts", [] { return bytes_of(std::string_view("GGUF\3\0\0\0\1\0", 10)); },
     "the file ends in its header"},
    {"TensorCount", [] { return with([](GgufWriter& w) { w.claimed_tensors = UINT64_MAX; }); },
     "18446744073709551615 tensors are claimed"},
    {"KeyCount", [] { return with([](GgufWriter& w) { w.claimed_keys = 1ull << 60; }); },
     "1152921504606846976 metadata keys are claimed"},
    {"OneKeyTooMany", [] { return with([](GgufWriter& w) { w.claimed_keys = 3; }); },
     "the file ends inside"},
    {"OneTensorTooMany", [] { return with([](GgufWriter& w) { w.claimed_tensors = 2; }); },
     "the file ends inside"},
};

Bytes with_value(std::uint32_t type, const Bytes& payload) {
  return with([&](GgufWriter& writer) { writer.add_raw("key", type, payload); });
}

Bytes string_of_length(std::uint64_t n_bytes) {
  Bytes payload;
  append_number(payload, n_bytes);
  append_number(payload, 0);
  return with_value(8, payload);
}

Bytes array_of(std::uint32_t type, std::uint64_t n_elements) {
  Bytes payload;
  append_number(payload, type);
  append_number(payload, n_elements);
  append_number(payload, std::uint64_t{0});
  return with_value(9, payload);
}

Bytes arrays_nested(int depth) {
  Bytes payload;
  for (int i = 0; i < depth; ++i) {
    append_number(payload, std::uint32_t{9});
    append_number(payload, std::uint64_t{1});
  }
  return with_value(9, payload);
}

const Case kMetadata[] = {
    {"UnknownType", [] { return with_value(13, Bytes(8)); },
     "key 'key' has the unknown value type 13"},
    {"HugeType", [] { return with_value(UINT32_MAX, Bytes(8)); }, "value type 4294967295"},
    {"StringLength", [] { return string_of_length(UINT64_MAX); },
     "the file ends inside the value of key 'key'"},
    {"StringLengthJustTooLong", [] { return string_of_length(1 << 20); },
     "the file ends inside the value of key 'key'"},
    {"ArrayType", [] { return array_of(13, 1); }, "key 'key' has an array of the unknown type 13"},
    {"ArrayCount", [] { return array_of(0, UINT64_MAX); },
     "key 'key' claims an array of 18446744073709551615 elements"},
    {"ArrayCountWraps", [] { return array_of(10, (UINT64_MAX >> 3) + 2); }, "claims an array of"},
    {"StringArrayCount", [] { return array_of(8, 1ull << 40); }, "claims an array of"},
    {"NestedArrayCount", [] { return array_of(9, 1ull << 61); }, "claims an array of"},
    {"ArraysTooDeep", [] { return arrays_nested(100000); }, "nests arrays deeper than 8"},
    {"EmptyKey", [] { return with([](GgufWriter& w) { w.add("", 1); }); },
     "a metadata key is empty"},
    {"KeyNotUtf8", [] { return with([](GgufWriter& w) { w.add("caf\xe9", 1); }); },
     "the metadata key 'caf\\xe9' is not UTF-8"},
    {"KeyTwice", [] { return with([](GgufWriter& w) { w.add("numbers", 1); }); },
     "the metadata key 'numbers' occurs twice"},
    {"AlignmentZero", [] { return with([](GgufWriter& w) { w.add("general.alignment", 0u); }); },
     "general.alignment is 0, a power of two is expected"},
    {"AlignmentOdd", [] { return with([](GgufWriter& w) { w.add("general.alignment", 33u); }); },
     "general.alignment is 33, a power of two is expected"},
    {"AlignmentNegative",
     [] { return with([](GgufWriter& w) { w.add("general.alignment", -32); }); },
     "general.alignment is -32"},
    {"AlignmentHuge",
     [] { return with([](GgufWriter& w) { w.add("general.alignment", 1ull << 63); }); },
     "general.alignment is 9223372036854775807"},
    {"AlignmentText",
     [] { return with([](GgufWriter& w) { w.add_string("general.alignment", "32"); }); },
     "general.alignment is of type string, an integer is expected"},
    {"AlignmentBeyondTheFile",
     [] { return with([](GgufWriter& w) { w.add("general.alignment", 1u << 31); }); },
     "tensor 'a': 256 bytes at offset 0 of the data (which starts at byte 2147483648)"},
};

const Case kTensors[] = {
    {"TooManyDims",
     [] {
       return with_tensor("t", {1, 1, 1, 1, 1}, 0, 256);
     },
     "tensor 't' has 5 dimensions, at most 4"},
    {"ZeroDim",
     [] {
       return with_tensor("t", {32, 0}, 0, 256);
     },
     "tensor 't': dimension 1 is 0"},
    {"ElementsWrap",
     [] {
       return with_tensor("t", {1ull << 32, 1ull << 32}, 0, 256);
     },
     "4294967296 x 4294967296 x 1 x 1 elements are more than 63 bits can count"},
    {"ElementsWrapToFew",
     [] {
       return with_tensor("t", {(1ull << 62) + 8, 4, 1, 1}, 0, 256);
     },
     "63 bits"},
    {"BytesWrap", [] { return with_tensor("t", {1ull << 62}, 28, 256); },
     "elements of F64 are more bytes than 64 bits can count"},
    {"BrokenBlocks",
     [] {
       return with_tensor("t", {48, 2}, 2, 256);
     },
     "tensor 't': rows of 48 elements are not whole blocks of Q4_0 (32)"},
    {"OffsetNotAligned", [] { return with_tensor("t", {1}, 0, 260); },
     "tensor 't': its offset 260 is not a multiple of the alignment 32"},
    {"OffsetWraps", [] { return with_tensor("t", {8}, 0, UINT64_MAX - 31); },
     "are not inside the file"},
    {"OffsetOfUnknownTypeOutside", [] { return with_tensor("t", {8}, 999, 1 << 20); },
     "are not inside the file"},
    {"OutsideTheFile", [] { return with_tensor("t", {64}, 0, 256); },
     "tensor 't': 256 bytes at offset 256 of the data"},
    {"SamePlace", [] { return with_tensor("t", {32}, 0, 0); }, "the tensors 'a' and 't' overlap"},
    {"Overlap", [] { return with_tensor("t", {32}, 0, 128); }, "the tensors 'a' and 't' overlap"},
    {"NameTwice", [] { return with_tensor("a", {1}, 0, 256); }, "the tensor 'a' occurs twice"},
    {"NameNotUtf8", [] { return with_tensor("\xff", {1}, 999, 0); },
     "the tensor name '\\xff' is not UTF-8"},
    {"DataMissing",
     [] {
       Bytes bytes = good().build();
       bytes.resize(bytes.size() - 1);
       return bytes;
     },
     "tensor 'a': 256 bytes at offset 0"},
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Header, BadGguf, testing::ValuesIn(kHeaders), name_of);
INSTANTIATE_TEST_SUITE_P(Metadata, BadGguf, testing::ValuesIn(kMetadata), name_of);
INSTANTIATE_TEST_SUITE_P(Tensors, BadGguf, testing::ValuesIn(kTensors), name_of);

TEST(BadGgufFiles, AGoodOneIsRead) {
  EXPECT_TRUE(read(good().build()).ok());
}

TEST(BadGgufFiles, OneMessageNamesAllThatIsWrong) {
  GgufWriter writer = good();
  writer.add("numbers", 1);
  writer.add("caf\xe9", 1);
  writer.add_tensor_at("zero", {0}, 0, 0);
  writer.add_tensor_at("outside", {1 << 20}, 0, 0);
  writer.add_tensor_at("broken", {31}, 8, 0);
  const std::string message = read(writer.build()).message();
  for (const char* part : {"'numbers' occurs twice", "not UTF-8", "'zero': dimension 0 is 0",
                           "'outside'", "'broken': rows of 31"})
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
}

TEST(BadGgufFiles, TheListOfWhatIsWrongIsBounded) {
  GgufWriter writer;
  for (int i = 0; i < 1000; ++i)
    writer.add_tensor_at(std::string(1000, 'x') + std::to_string(i), {0}, 0, 0);
  const std::string message = read(writer.build()).message();
  EXPECT_NE(message.find("; and 984 more"), std::string::npos) << message;
  EXPECT_LT(message.size(), 4000u);
}

TEST(BadGgufFiles, AFailedReadLeavesTheDirectoryAsItWas) {
  const Bytes right = good().build();
  Bytes wrong = right;
  wrong.resize(wrong.size() - 1);
  MappedFile right_file;
  MappedFile wrong_file;
  ASSERT_TRUE(MappedFile::open_memory(right, "right", right_file).ok());
  ASSERT_TRUE(MappedFile::open_memory(wrong, "wrong", wrong_file).ok());
  HostMemory memory;
  Gguf gguf(&memory);
  ASSERT_TRUE(gguf.read(right_file).ok());
  const std::size_t before = memory.in_use_bytes();
  EXPECT_FALSE(gguf.read(wrong_file).ok());
  EXPECT_EQ(memory.in_use_bytes(), before);
  EXPECT_EQ(gguf.file_name(), "right");
  EXPECT_NE(gguf.find_tensor("a"), nullptr);
}

// The largest counts that are let through: many small keys and tensors.
TEST(BadGgufFiles, MemoryStaysBoundedAtTheLimits) {
  GgufWriter writer;
  for (std::size_t i = 0; i < kGgufMaxKeys; ++i) writer.add<bool>(std::to_string(i), true);
  for (std::size_t i = 0; i < kGgufMaxTensors; ++i)
    writer.add_tensor_at(std::to_string(i), {}, 999, 0);
  EXPECT_TRUE(read(writer.build()).ok());  // under the budget that read() sets
  writer.add<bool>("one more", true);
  EXPECT_NE(read(writer.build()).message().find("65537 metadata keys are claimed"),
            std::string::npos);
}

TEST(BadGgufFiles, EveryAllocationMayFail) {
  struct Countdown {
    int left = 0;
  };
  const AllocatorHooks hooks = {
      [](void* user, std::size_t n_bytes, std::size_t) -> void* {
        if (static_cast<Countdown*>(user)->left-- == 0) return nullptr;
        return ::operator new (n_bytes, std::align_val_t{64}, std::nothrow);
      },
      [](void*, void* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }, nullptr};
  const Bytes bytes = good().build();
  MappedFile file;
  ASSERT_TRUE(MappedFile::open_memory(bytes, "f", file).ok());
  int n_failed = 0;
  for (int n = 0;; ++n) {
    Countdown countdown{n};
    AllocatorHooks counted = hooks;
    counted.user = &countdown;
    HostMemory memory(counted);
    bool thrown = false;
    {
      Gguf gguf(&memory);
      try {
        EXPECT_TRUE(gguf.read(file).ok());
      } catch (const std::bad_alloc&) {
        thrown = true;
        EXPECT_EQ(memory.in_use_bytes(), 0u);
        EXPECT_TRUE(gguf.read(file).ok());  // the allocator has recovered
      }
      EXPECT_NE(gguf.find_tensor("a"), nullptr);
    }
    EXPECT_EQ(memory.in_use_bytes(), 0u);
    if (!thrown) break;
    n_failed += 1;
  }
  EXPECT_GE(n_failed, 4);
}

TEST(BadGgufFiles, FilesOnDiskAreRefusedTheSameWay) {
  testing_support::TemporaryFolder folder;
  Bytes bytes = good().build();
  bytes.resize(60);
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(folder.write("short.gguf", bytes), file).ok());
  HostMemory memory;
  Gguf gguf(&memory);
  EXPECT_NE(gguf.read(file).message().find("the file ends inside"), std::string::npos);
}

}  // namespace
}  // namespace minnow

#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <numeric>
#include <vector>

#include "support/temporary_folder.hpp"

namespace {

// How pread() behaves in this program: see below.
struct ReadFault {
  std::size_t most_bytes = SIZE_MAX;  // a call returns no more than this
  int n_interruptions = 0;            // so many calls fail with EINTR first
  int fail_from_call = -1;            // this call and those after it fail with EIO
  int n_calls = 0;
} fault;

}  // namespace

// Takes the place of the C library's function in this test program, so that short and failing reads
// can be had at will.
extern "C" ssize_t pread(int descriptor, void* buffer, size_t n_bytes, off_t offset) {
  const int call = fault.n_calls++;
  if (fault.n_interruptions > 0) {
    fault.n_interruptions -= 1;
    errno = EINTR;
    return -1;
  }
  if (fault.fail_from_call >= 0 && call >= fault.fail_from_call) {
    errno = EIO;
    return -1;
  }
  return syscall(SYS_pread64, descriptor, buffer, std::min(n_bytes, fault.most_bytes), offset);
}

namespace minnow {
namespace {

using testing_support::TemporaryFolder;

class MappedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    fault = ReadFault();
    bytes_.resize(20000);
    for (std::size_t i = 0; i < bytes_.size(); ++i)
      bytes_[i] = static_cast<std::byte>(i * 31 + i / 256);
    path_ = folder_.write("model.gguf", bytes_);
  }
  void TearDown() override { fault = ReadFault(); }

  TemporaryFolder folder_;
  std::vector<std::byte> bytes_;
  std::string path_;
};

TEST_F(MappedFileTest, ShowsTheBytesOfAFile) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(path_, file).ok());
  EXPECT_EQ(file.name(), path_);
  ASSERT_EQ(file.n_bytes(), bytes_.size());
  EXPECT_TRUE(std::equal(bytes_.begin(), bytes_.end(), file.bytes().begin()));
  std::vector<std::byte> part(5000);
  ASSERT_TRUE(file.read(12345, part).ok());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), bytes_.begin() + 12345));
  EXPECT_TRUE(file.read(bytes_.size(), {}).ok());
}

TEST_F(MappedFileTest, ShowsARangeOfADescriptorThatTheCallerKeeps) {
  const int descriptor = open(path_.c_str(), O_RDONLY);
  ASSERT_GE(descriptor, 0);
  for (const std::size_t offset : {0u, 1u, 4095u, 4096u, 9000u}) {
    MappedFile file;
    ASSERT_TRUE(MappedFile::open_descriptor(descriptor, offset, 8000, "asset", file).ok());
    EXPECT_EQ(file.name(), "asset");
    ASSERT_EQ(file.n_bytes(), 8000u);
    EXPECT_TRUE(std::equal(file.bytes().begin(), file.bytes().end(), bytes_.begin() + offset));
    std::vector<std::byte> part(100);
    ASSERT_TRUE(file.read(7900, part).ok());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), bytes_.begin() + offset + 7900));
    EXPECT_EQ(file.read(7901, part).code(), StatusCode::kInvalidArgument);
    file.drop(0, 8000);
    file.will_need(0, 8000);
    EXPECT_EQ(file.bytes()[7999], bytes_[offset + 7999]);
  }
  EXPECT_EQ(fcntl(descriptor, F_GETFD) >= 0, true);
  MappedFile file;
  for (const std::uint64_t offset : {std::uint64_t{12001}, std::uint64_t{20001}, UINT64_MAX})
    EXPECT_EQ(MappedFile::open_descriptor(descriptor, offset, 8000, "asset", file).code(),
              StatusCode::kInvalidArgument);
  EXPECT_EQ(MappedFile::open_descriptor(descriptor, 5, UINT64_MAX, "asset", file).code(),
            StatusCode::kInvalidArgument);
  close(descriptor);
  EXPECT_EQ(MappedFile::open_descriptor(-1, 0, 1, "asset", file).code(), StatusCode::kIo);
  EXPECT_EQ(file.n_bytes(), 0u);
}

TEST_F(MappedFileTest, ShowsMemoryOfTheCallers) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open_memory(bytes_, "memory", file).ok());
  EXPECT_EQ(file.bytes().data(), bytes_.data());
  std::vector<std::byte> part(10);
  ASSERT_TRUE(file.read(19990, part).ok());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), bytes_.begin() + 19990));
  EXPECT_EQ(file.read(19991, part).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(file.read(UINT64_MAX, part).code(), StatusCode::kInvalidArgument);
  file.drop(0, bytes_.size());
  EXPECT_EQ(file.bytes()[0], bytes_[0]);
  EXPECT_EQ(MappedFile::open_memory({}, "memory", file).code(), StatusCode::kBadFile);
}

TEST_F(MappedFileTest, NamesWhatCannotBeOpened) {
  struct Case {
    std::string path;
    StatusCode code;
    std::string_view message;
  };
  const std::string pipe = folder_.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Case cases[] = {
      {folder_.path("absent"), StatusCode::kNotFound, "there is no such file"},
      {path_ + "/below", StatusCode::kNotFound, "not a directory"},
      {folder_.path(""), StatusCode::kInvalidArgument, "is a directory"},
      {folder_.write_text("empty", ""), StatusCode::kBadFile, "is empty"},
      {pipe, StatusCode::kInvalidArgument, "not a regular file"},
      {"/dev/null", StatusCode::kInvalidArgument, "not a regular file"},
      {"", StatusCode::kInvalidArgument, "path of the file is empty"},
      {std::string("a\0b", 3), StatusCode::kInvalidArgument, "zero byte"},
      {std::string(5000, 'n'), StatusCode::kIo, "too long"},
  };
  for (const Case& c : cases) {
    MappedFile file;
    const Status status = MappedFile::open(c.path, file);
    EXPECT_EQ(status.code(), c.code) << status.message();
    EXPECT_NE(status.message().find(c.message), std::string::npos) << status.message();
    EXPECT_EQ(file.n_bytes(), 0u);
  }
}

TEST_F(MappedFileTest, NamesAMissingPermission) {
  ASSERT_EQ(chmod(path_.c_str(), 0), 0);
  const uid_t user = geteuid();
  if (user == 0) {  // who may read everything
    ASSERT_EQ(chmod(folder_.path("").c_str(), 0755), 0);
    ASSERT_EQ(seteuid(65534), 0);
  }
  MappedFile file;
  const Status status = MappedFile::open(path_, file);
  if (user == 0) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_NE(status.message().find("permission denied"), std::string::npos) << status.message();
}

TEST_F(MappedFileTest, FailingToOpenLeavesTheOldFile) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(path_, file).ok());
  EXPECT_FALSE(MappedFile::open(folder_.path("absent"), file).ok());
  EXPECT_EQ(file.n_bytes(), bytes_.size());
  EXPECT_EQ(file.bytes()[77], bytes_[77]);
}

TEST_F(MappedFileTest, FinishesShortAndInterruptedReads) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(path_, file).ok());
  fault.most_bytes = 7;
  fault.n_interruptions = 5;
  std::vector<std::byte> part(3000);
  ASSERT_TRUE(file.read(100, part).ok());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), bytes_.begin() + 100));
  EXPECT_EQ(fault.n_calls, 5 + 429);
}

TEST_F(MappedFileTest, ReportsAFailingDevice) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(path_, file).ok());
  std::vector<std::byte> part(3000);
  for (int call = 0; call < 3; ++call) {
    fault = ReadFault();
    fault.most_bytes = 1000;
    fault.fail_from_call = call;
    const Status status = file.read(0, part);
    EXPECT_EQ(status.code(), StatusCode::kIo);
    EXPECT_NE(status.message().find("the device reports an error"), std::string::npos);
  }
}

TEST_F(MappedFileTest, ReportsAFileCutShortInsteadOfFaulting) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(path_, file).ok());
  std::filesystem::resize_file(path_, 10000);
  std::vector<std::byte> part(3000);
  EXPECT_TRUE(file.read(7000, part).ok());
  const Status status = file.read(9000, part);
  EXPECT_EQ(status.code(), StatusCode::kBadFile);
  EXPECT_NE(status.message().find("2000 bytes are missing at offset 10000"), std::string::npos)
      << status.message();
}

TEST_F(MappedFileTest, DropsOnlyWhatWasAskedForAndReadsItAgain) {
  MappedFile file;
  ASSERT_TRUE(MappedFile::open(path_, file).ok());
  for (std::uint64_t offset = 0; offset <= 20000; offset += 1000) {
    file.drop(offset, 20000 - offset);
    file.will_need(offset, 20000 - offset);
  }
  file.drop(5, UINT64_MAX);  // no such range: nothing happens
  EXPECT_TRUE(std::equal(bytes_.begin(), bytes_.end(), file.bytes().begin()));
}

TEST_F(MappedFileTest, ClosesItsDescriptor) {
  const auto n_open = [] {
    const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
    return std::distance(begin(entries), end(entries));
  };
  const auto before = n_open();
  {
    MappedFile file;
    ASSERT_TRUE(MappedFile::open(path_, file).ok());
    MappedFile moved = std::move(file);
    EXPECT_EQ(n_open(), before + 1);
    EXPECT_FALSE(MappedFile::open(folder_.path(""), file).ok());
    EXPECT_FALSE(MappedFile::open(folder_.write_text("empty", ""), file).ok());
    moved = MappedFile();
    EXPECT_EQ(n_open(), before);
  }
  EXPECT_EQ(n_open(), before);
}

}  // namespace
}  // namespace minnow

#include "base/file_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/checked.hpp"
#include "base/quoted.hpp"
#include "base/system_error.hpp"

namespace minnow {

namespace {

static_assert(sizeof(off_t) >= 8, "large files: compile with -D_FILE_OFFSET_BITS=64");

// Linux reads at most this much in one call.
constexpr std::size_t kLongestRead = 0x7ffff000;

// The size of the regular file behind `descriptor`.
Status regular_size(int descriptor, std::string_view name, std::uint64_t& out) {
  struct stat info {};
  if (fstat(descriptor, &info) != 0) return system_error("inspect", name, errno);
  if (S_ISDIR(info.st_mode))
    return error(StatusCode::kInvalidArgument, path_in_quotes(name), " is a directory, not a file");
  if (!S_ISREG(info.st_mode))
    return error(StatusCode::kInvalidArgument, path_in_quotes(name),
                 " is not a regular file (a pipe, socket or device has no size)");
  out = static_cast<std::uint64_t>(info.st_size);
  return {};
}

}  // namespace

std::int64_t FileReader::change_time() const noexcept {
  struct stat info {};
  if (fstat(descriptor_, &info) != 0) return 0;
#if defined(__APPLE__)
  const timespec& time = info.st_mtimespec;
#else
  const timespec& time = info.st_mtim;
#endif
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Status FileReader::open(std::string_view path, FileReader& out) {
  if (path.empty()) return error(StatusCode::kInvalidArgument, "the path of the file is empty");
  if (path.find('\0') != std::string_view::npos)
    return error(StatusCode::kInvalidArgument, "the path ", path_in_quotes(path),
                 " has a zero byte in it");
  FileReader reader;
  reader.name_ = path;
  do {
    // Non-blocking, because opening a pipe would otherwise wait for a writer.
    reader.descriptor_ = ::open(reader.name_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (reader.descriptor_ < 0 && errno == EINTR);
  if (reader.descriptor_ < 0) return system_error("open", path, errno);
  MINNOW_TRY(regular_size(reader.descriptor_, path, reader.n_bytes_));
  out = std::move(reader);
  return {};
}

Status FileReader::open_descriptor(int descriptor, std::uint64_t offset, std::uint64_t n_bytes,
                                   std::string_view name, FileReader& out) {
  FileReader reader;
  reader.name_ = name;
  reader.descriptor_ = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (reader.descriptor_ < 0) return system_error("use the descriptor of", name, errno);
  if ((fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_WRONLY)
    return system_error("use the descriptor of", name, EBADF);
  std::uint64_t file_bytes = 0;
  MINNOW_TRY(regular_size(reader.descriptor_, name, file_bytes));
  if (n_bytes == 0 && offset < file_bytes) n_bytes = file_bytes - offset;
  if (!range_fits(offset, n_bytes, file_bytes))
    return error(StatusCode::kInvalidArgument, path_in_quotes(name), ": ", n_bytes,
                 " bytes at offset ", offset, " were asked for, but the file has ", file_bytes,
                 " bytes");
  reader.start_ = offset;
  reader.n_bytes_ = n_bytes;
  out = std::move(reader);
  return {};
}

Status FileReader::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (!range_fits(offset, out.size(), n_bytes_))
    return error(StatusCode::kInvalidArgument, path_in_quotes(name_), ": ", out.size(),
                 " bytes at offset ", offset, " were asked for, but there are ", n_bytes_);
  int failure = 0;
  const std::size_t done = fill(offset, out, failure);
  if (failure != 0) return system_error("read", name_, failure);
  if (done < out.size())
    return error(StatusCode::kBadFile, path_in_quotes(name_),
                 " has become shorter while it was in use: ", out.size() - done,
                 " bytes are missing at offset ", offset + done);
  return {};
}

bool FileReader::try_read(std::uint64_t offset, std::span<std::byte> out) const noexcept {
  int failure = 0;
  return range_fits(offset, out.size(), n_bytes_) && fill(offset, out, failure) == out.size();
}

// Returns how many bytes there were; `failure` is errno when the system refused.
std::size_t FileReader::fill(std::uint64_t offset, std::span<std::byte> out,
                             int& failure) const noexcept {
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t n_wanted = std::min(out.size() - done, kLongestRead);
    const ssize_t n_read =
        pread(descriptor_, out.data() + done, n_wanted, static_cast<off_t>(start_ + offset + done));
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) failure = errno;
    if (n_read <= 0) break;
    done += static_cast<std::size_t>(n_read);
  }
  return done;
}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
  FileReader taken(std::move(other));
  swap(taken);
  return *this;
}

void FileReader::swap(FileReader& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(start_, other.start_);
  std::swap(n_bytes_, other.n_bytes_);
  std::swap(name_, other.name_);
}

void FileReader::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace minnow

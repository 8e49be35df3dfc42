// FileReader: an open file descriptor, or a range of one, that is read at offsets. Short reads and
// interruptions are finished here; what the system refuses is a Status that names the file.
// Read-only, and for regular files only: anything else has no size to check against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace minnow {

// Move-only. Reads are positioned, so any number of threads may read at once.
class FileReader {
 public:
  FileReader() = default;
  FileReader(FileReader&& other) noexcept { swap(other); }
  FileReader& operator=(FileReader&& other) noexcept;
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader() { close(); }

  // kNotFound (no such file), kInvalidArgument (a directory, a pipe, a path with a zero byte) or
  // kIo.
  static Status open(std::string_view path, FileReader& out);

  // The range [offset, offset + n_bytes) of `descriptor` (n_bytes 0: to the end), duplicated: the
  // caller closes its own. `name` is for messages. kInvalidArgument: the range is not in the file.
  static Status open_descriptor(int descriptor, std::uint64_t offset, std::uint64_t n_bytes,
                                std::string_view name, FileReader& out);

  // Fills `out` from `offset` (relative to the range). kBadFile when the file has become shorter.
  Status read(std::uint64_t offset, std::span<std::byte> out) const;

  // The same for threads that may not allocate: false where read() would give a message.
  bool try_read(std::uint64_t offset, std::span<std::byte> out) const noexcept;

  // When the file was last changed, in nanoseconds; 0 when the system does not tell.
  std::int64_t change_time() const noexcept;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  std::uint64_t start() const { return start_; }  // of the range, in the file
  std::uint64_t n_bytes() const { return n_bytes_; }
  const std::string& name() const { return name_; }

 private:
  std::size_t fill(std::uint64_t offset, std::span<std::byte> out, int& failure) const noexcept;
  void swap(FileReader& other) noexcept;
  void close() noexcept;

  int descriptor_ = -1;
  std::uint64_t start_ = 0;
  std::uint64_t n_bytes_ = 0;
  std::string name_;
};

}  // namespace minnow

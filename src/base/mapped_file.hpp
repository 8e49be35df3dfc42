// MappedFile: the bytes of a model file, wherever they are: a path, a range of a descriptor (a file
// inside an archive) or memory that the caller keeps. Mapped read-only, so pages are clean and
// shared.
//
// bytes() is for the small, often-read part (metadata, token embedding). read() copies through the
// descriptor and never touches the map: if another program cuts the file short, read() returns a
// Status, while touching a mapped page behind the new end is a fault of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/file_reader.hpp"
#include "base/status.hpp"

namespace minnow {

// Move-only; immutable while open, so any number of threads may use it.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { release(); }

  // Statuses: those of FileReader, kBadFile for an empty file, kOutOfMemory when it cannot be
  // mapped.
  static Status open(std::string_view path, MappedFile& out);
  static Status open_descriptor(int descriptor, std::uint64_t offset, std::uint64_t n_bytes,
                                std::string_view name, MappedFile& out);
  // `bytes` stay the caller's and must outlive the MappedFile. `name` is for messages.
  static Status open_memory(std::span<const std::byte> bytes, std::string_view name,
                            MappedFile& out);

  std::string_view name() const { return name_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::size_t n_bytes() const { return bytes_.size(); }

  // Copies out.size() bytes from `offset`. kInvalidArgument outside the file, kBadFile when the
  // file has become shorter since it was opened, kIo. Allocates nothing on success.
  Status read(std::uint64_t offset, std::span<std::byte> out) const;

  // The same for threads that may not allocate: false where read() would give a message.
  bool try_read(std::uint64_t offset, std::span<std::byte> out) const noexcept;

  // When the file was last changed, in nanoseconds; 0 for memory of the caller's.
  std::int64_t change_time() const noexcept {
    return reader_.is_open() ? reader_.change_time() : 0;
  }

  // Hints about a range of the map; no effect on memory of the caller's. will_need: read ahead.
  // drop: give the pages back (they are read again when touched); only whole pages inside the
  // range.
  void will_need(std::uint64_t offset, std::uint64_t n_bytes) const noexcept;
  void drop(std::uint64_t offset, std::uint64_t n_bytes) const noexcept;

 private:
  static Status map(FileReader reader, MappedFile& out);
  void swap(MappedFile& other) noexcept;
  void release() noexcept;
  void advise(std::uint64_t offset, std::uint64_t n_bytes, bool outwards,
              int advice) const noexcept;

  FileReader reader_;  // closed when the bytes are the caller's
  std::string name_;
  std::span<const std::byte> bytes_;
  void* map_ = nullptr;  // page-aligned start of the map, NULL when the bytes are the caller's
  std::size_t map_bytes_ = 0;
};

}  // namespace minnow

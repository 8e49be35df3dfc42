#include "base/mapped_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/checked.hpp"
#include "base/quoted.hpp"

namespace minnow {

namespace {

std::uint64_t page_bytes() {
  const long answer = sysconf(_SC_PAGESIZE);
  return answer > 0 ? static_cast<std::uint64_t>(answer) : 4096;
}

}  // namespace

Status MappedFile::open(std::string_view path, MappedFile& out) {
  FileReader reader;
  MINNOW_TRY(FileReader::open(path, reader));
  return map(std::move(reader), out);
}

Status MappedFile::open_descriptor(int descriptor, std::uint64_t offset, std::uint64_t n_bytes,
                                   std::string_view name, MappedFile& out) {
  FileReader reader;
  MINNOW_TRY(FileReader::open_descriptor(descriptor, offset, n_bytes, name, reader));
  return map(std::move(reader), out);
}

Status MappedFile::open_memory(std::span<const std::byte> bytes, std::string_view name,
                               MappedFile& out) {
  if (bytes.data() == nullptr && !bytes.empty())
    return error(StatusCode::kInvalidArgument, path_in_quotes(name),
                 ": the memory's address is NULL");
  if (bytes.empty()) return error(StatusCode::kBadFile, path_in_quotes(name), " is empty");
  MappedFile file;
  file.name_ = name;
  file.bytes_ = bytes;
  out = std::move(file);
  return {};
}

Status MappedFile::map(FileReader reader, MappedFile& out) {
  if (reader.n_bytes() == 0)
    return error(StatusCode::kBadFile, path_in_quotes(reader.name()), " is empty");
  // A map starts on a page, so the range's own start may lie behind the map's.
  const std::uint64_t before = reader.start() % page_bytes();
  std::uint64_t wanted = 0;
  std::size_t map_bytes = 0;
  if (!checked_add(reader.n_bytes(), before, wanted) || !checked_narrow(wanted, map_bytes))
    return error(StatusCode::kOutOfMemory, path_in_quotes(reader.name()), ": ", reader.n_bytes(),
                 " bytes are more than this system can address");
  MappedFile file;
  void* start = mmap(nullptr, map_bytes, PROT_READ, MAP_PRIVATE, reader.descriptor(),
                     static_cast<off_t>(reader.start() - before));
  if (start == MAP_FAILED)
    return error(StatusCode::kOutOfMemory, "cannot map ", path_in_quotes(reader.name()), " (",
                 reader.n_bytes(), " bytes)");
  file.map_ = start;
  file.map_bytes_ = map_bytes;
  file.bytes_ = {static_cast<const std::byte*>(start) + before,
                 static_cast<std::size_t>(reader.n_bytes())};
  file.name_ = reader.name();
  file.reader_ = std::move(reader);
  out = std::move(file);
  return {};
}

Status MappedFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (reader_.is_open()) return reader_.read(offset, out);
  if (!range_fits(offset, out.size(), bytes_.size()))
    return error(StatusCode::kInvalidArgument, path_in_quotes(name_), ": ", out.size(),
                 " bytes at offset ", offset, " were asked for, but there are ", bytes_.size());
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return {};
}

bool MappedFile::try_read(std::uint64_t offset, std::span<std::byte> out) const noexcept {
  if (reader_.is_open()) return reader_.try_read(offset, out);
  if (!range_fits(offset, out.size(), bytes_.size())) return false;
  if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return true;
}

void MappedFile::will_need(std::uint64_t offset, std::uint64_t n_bytes) const noexcept {
  advise(offset, n_bytes, /*outwards=*/true, MADV_WILLNEED);
}

void MappedFile::drop(std::uint64_t offset, std::uint64_t n_bytes) const noexcept {
  advise(offset, n_bytes, /*outwards=*/false, MADV_DONTNEED);
}

void MappedFile::advise(std::uint64_t offset, std::uint64_t n_bytes, bool outwards,
                        int advice) const noexcept {
  if (map_ == nullptr || !range_fits(offset, n_bytes, bytes_.size())) return;
  const std::uint64_t page = page_bytes();
  const std::uint64_t before = map_bytes_ - bytes_.size();
  std::uint64_t from = before + offset;
  std::uint64_t to = from + n_bytes;
  if (outwards) {
    from -= from % page;
  } else {
    from += (page - from % page) % page;
    if (to != map_bytes_) to -= to % page;  // the file's last page may go although it is not whole
  }
  if (from >= to) return;
  madvise(static_cast<std::byte*>(map_) + from, to - from, advice);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  MappedFile taken(std::move(other));
  swap(taken);
  return *this;
}

void MappedFile::swap(MappedFile& other) noexcept {
  std::swap(reader_, other.reader_);
  std::swap(name_, other.name_);
  std::swap(bytes_, other.bytes_);
  std::swap(map_, other.map_);
  std::swap(map_bytes_, other.map_bytes_);
}

void MappedFile::release() noexcept {
  if (map_ != nullptr) munmap(map_, map_bytes_);
  map_ = nullptr;
}

}  // namespace minnow

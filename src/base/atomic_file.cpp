#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/quoted.hpp"
#include "base/system_error.hpp"

namespace minnow {

namespace {

// The folder of a path, for waiting until its entry is on the disk.
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int sync(int descriptor) {
  int result = 0;
  do {
    result = fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!unfinished_.empty()) ::unlink(unfinished_.c_str());
}

Status AtomicFile::create(std::string_view path) {
  if (path.empty()) return error(StatusCode::kInvalidArgument, "the path of the file is empty");
  if (path.find('\0') != std::string_view::npos)
    return error(StatusCode::kInvalidArgument, "the path ", path_in_quotes(path),
                 " has a zero byte in it");
  path_ = path;
  std::string name = path_ + ".XXXXXX";
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) return system_error("create", path_, errno);
  unfinished_.swap(name);
  return {};
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n_written = ::write(descriptor_, bytes.data(), bytes.size());
    if (n_written < 0 && errno == EINTR) continue;
    if (n_written < 0) return system_error("write", path_, errno);
    if (n_written == 0) return system_error("write", path_, ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(n_written));
  }
  return {};
}

Status AtomicFile::commit() {
  const std::string folder = folder_of(path_);
  if (sync(descriptor_) != 0) return system_error("write", path_, errno);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0 && errno != EINTR) return system_error("write", path_, errno);
  if (std::rename(unfinished_.c_str(), path_.c_str()) != 0)
    return system_error("replace", path_, errno);
  unfinished_.clear();
  // The file is in place; where a folder cannot be synced, the name may be lost in a power cut.
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return {};
  sync(directory);
  ::close(directory);
  return {};
}

void make_folder_of(std::string_view path) {
  ::mkdir(folder_of(std::string(path)).c_str(), 0777);
}

}  // namespace minnow

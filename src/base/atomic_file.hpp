// AtomicFile: writes a file beside the one it is to replace, and puts it there in one step when it
// is whole and on the disk. Whatever goes wrong before, the old file stays as it was and the new
// one is removed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace minnow {

class AtomicFile {
 public:
  AtomicFile() = default;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  // removes what was not committed

  // Makes the new file, in the folder of `path`. kIo, or kNotFound for a folder that is not there.
  Status create(std::string_view path);
  // Appends. kIo when the disk is full or refuses.
  Status write(std::span<const std::byte> bytes);
  // Waits until the disk has it and renames it to `path`.
  Status commit();

 private:
  int descriptor_ = -1;
  std::string path_;
  std::string unfinished_;  // the new file's name, "" once it has the other
};

// Makes the last folder of `path` where there is none. What fails shows when a file is made in it.
void make_folder_of(std::string_view path);

}  // namespace minnow

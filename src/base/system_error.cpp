#include "base/system_error.hpp"

#include <cerrno>

#include "base/quoted.hpp"

namespace minnow {

namespace {

std::string system_reason(int code) {
  switch (code) {
    case ENOENT:
      return "there is no such file";
    case ENOTDIR:
      return "a part of the path is not a directory";
    case EACCES:
    case EPERM:
      return "permission denied";
    case EMFILE:
    case ENFILE:
      return "too many files are open";
    case ENAMETOOLONG:
      return "the name is too long";
    case ELOOP:
      return "too many symbolic links";
    case ENOSPC:
      return "the disk is full";
    case EDQUOT:
      return "the disk quota is used up";
    case EROFS:
      return "the file system is read-only";
    case EISDIR:
      return "there is a directory of that name";
    case EIO:
      return "the device reports an error";
    case ENOMEM:
      return "out of memory";
    case EBADF:
      return "the descriptor is not open for reading";
    case EOVERFLOW:
      return "the file is too large for this system";
    default:
      return join("system error ", code);
  }
}

}  // namespace

Status system_error(std::string_view what, std::string_view name, int code) {
  const bool absent = code == ENOENT || code == ENOTDIR;
  return error(absent ? StatusCode::kNotFound : StatusCode::kIo, "cannot ", what, " ",
               path_in_quotes(name), ": ", system_reason(code));
}

}  // namespace minnow

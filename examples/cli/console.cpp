#include "console.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "failure.hpp"

namespace minnow::program {

namespace {

std::string read_all(std::FILE* file, const std::string& name) {
  std::string text;
  char piece[1 << 16];
  while (const std::size_t n = std::fread(piece, 1, sizeof piece, file)) text.append(piece, n);
  if (std::ferror(file))
    throw Failure(kExitFailed, "cannot read " + name + ": " + std::strerror(errno));
  return text;
}

}  // namespace

bool input_is_terminal() {
  return isatty(STDIN_FILENO) == 1;
}

bool output_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

bool errors_are_terminal() {
  return isatty(STDERR_FILENO) == 1;
}

bool use_colour() {
  const char* no = std::getenv("NO_COLOR");
  if (no != nullptr && *no != '\0') return false;
  const char* force = std::getenv("CLICOLOR_FORCE");
  if (force != nullptr && *force != '\0' && std::strcmp(force, "0") != 0) return true;
  const char* term = std::getenv("TERM");
  return errors_are_terminal() && (term == nullptr || std::strcmp(term, "dumb") != 0);
}

std::string dim(std::string_view text) {
  if (!use_colour()) return std::string(text);
  return "\033[2m" + std::string(text) + "\033[0m";
}

void write_out(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  throw Failure(kExitFailed, std::string("cannot write the output: ") + std::strerror(errno));
}

void write_answer(std::string_view text) {
  if (!output_is_terminal()) return write_out(text);
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
    if (control) {
      shown += "\u2400";  // the signs for control characters begin here, in their order
      if (byte < 0x20) shown.back() = static_cast<char>(0x80 + byte);
      if (byte == 0x7f) shown.back() = static_cast<char>(0xa1);
    } else {
      shown += c;
    }
  }
  write_out(shown);
}

void write_note(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

std::string read_piped_input() {
  struct stat status {};
  if (fstat(STDIN_FILENO, &status) != 0) return {};  // closed
  if (!S_ISFIFO(status.st_mode) && !S_ISREG(status.st_mode) && !S_ISSOCK(status.st_mode)) return {};
  pollfd waiting{STDIN_FILENO, POLLIN, 0};
  if (poll(&waiting, 1, 2000) == 0)
    write_note("minnow: waiting for standard input to end; </dev/null gives none");
  return read_all(stdin, "standard input");
}

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) throw Failure(kExitFailed, "cannot open " + path + ": " + std::strerror(errno));
  return read_all(file.get(), path);
}

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string fixed(double value, int n_decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", n_decimals, value);
  return text;
}

std::string as_float(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.7g", value);
  return text;
}

std::string in_megabytes(double n_bytes) {
  return fixed(n_bytes / 1e6, n_bytes < 9.95e6 ? 1 : 0) + " MB";
}

std::string rate(double value) {
  return fixed(value, value < 99.95 ? 1 : 0);
}

std::int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return usage.ru_maxrss;
#else
  return std::int64_t{usage.ru_maxrss} * 1024;
#endif
}

}  // namespace minnow::program

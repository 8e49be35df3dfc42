// LineReader: lines that a person types, edited and remembered by libedit on a terminal where the
// build has it; plain lines otherwise.
#pragma once

#include <memory>
#include <string>

namespace minnow::program {

class LineReader {
 public:
  enum class Result { kLine, kInterrupted, kEnd };  // Ctrl-C throws the line away, Ctrl-D ends

  // history_file may be "": nothing is remembered.
  explicit LineReader(const std::string& history_file);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // One line without its end. The prompt is shown on terminals only.
  Result read_line(const std::string& prompt, std::string& line);

  // One message: a line; lines that end in a backslash go on in the next; lines from """ to """.
  Result read_message(std::string& message);

 private:
  struct Editor;
  std::unique_ptr<Editor> editor_;  // NULL where lines are plain
};

// The user's state folder's file for the history, made with its folder ("" when there is no home).
std::string history_path();

}  // namespace minnow::program

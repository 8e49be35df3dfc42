#include "line_reader.hpp"

#include <sys/stat.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "console.hpp"
#include "interrupt.hpp"

#ifdef MINNOW_HAVE_LIBEDIT
#include <histedit.h>
#endif

namespace minnow::program {

#ifdef MINNOW_HAVE_LIBEDIT

struct LineReader::Editor {
  EditLine* edit = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::string prompt, file;
  bool interrupted = false;

  static Editor& of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<Editor*>(self);
  }

  static char* show_prompt(EditLine* edit) { return of(edit).prompt.data(); }

  static unsigned char on_interrupt(EditLine* edit, int) {
    of(edit).interrupted = true;
    return CC_EOF;
  }

  explicit Editor(const std::string& history_file) : file(history_file) {
    edit = el_init("minnow", stdin, stdout, stderr);
    history = history_init();
    ::history(history, &event, H_SETSIZE, 1000);
    ::history(history, &event, H_SETUNIQUE, 1);
    if (!file.empty()) ::history(history, &event, H_LOAD, file.c_str());
    el_set(edit, EL_CLIENTDATA, this);
    el_set(edit, EL_PROMPT, &show_prompt);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, ::history, history);
    el_source(edit, nullptr);  // the user's ~/.editrc
    // Ctrl-C is a key while a line is edited, and a signal while the model answers.
    el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
    el_set(edit, EL_ADDFN, "minnow-interrupt", "throw the line away", &on_interrupt);
    el_set(edit, EL_BIND, "^C", "minnow-interrupt", nullptr);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  }

  ~Editor() {
    if (!file.empty()) {
      ::history(history, &event, H_SAVE, file.c_str());
      chmod(file.c_str(), 0600);
    }
    history_end(history);
    el_end(edit);
  }

  Result read(std::string& line) {
    int n = 0;
    interrupted = false;
    // The library shows the prompt first and takes over the terminal after it: a Ctrl-D typed
    // between the two would be lost. So take over before.
    el_set(edit, EL_PREP_TERM, 1);
    const char* text = el_gets(edit, &n);
    if (interrupted) {
      el_reset(edit);
      return Result::kInterrupted;
    }
    if (text == nullptr || n <= 0) return Result::kEnd;
    line.assign(text, static_cast<std::size_t>(n));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (!line.empty()) ::history(history, &event, H_ENTER, text);
    return Result::kLine;
  }
};

LineReader::LineReader(const std::string& history_file) {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");  // the library speaks nothing else
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  if (input_is_terminal() && output_is_terminal() && !dumb)
    editor_ = std::make_unique<Editor>(history_file);
}

#else

struct LineReader::Editor {
  std::string prompt;
  Result read(std::string&) { return Result::kEnd; }
};

LineReader::LineReader(const std::string&) {}

#endif

LineReader::~LineReader() = default;

LineReader::Result LineReader::read_line(const std::string& prompt, std::string& line) {
  if (editor_) {
    editor_->prompt = prompt;
    return editor_->read(line);
  }
  if (input_is_terminal()) write_out(prompt);
  if (!std::getline(std::cin, line)) return Result::kEnd;
  if (was_interrupted()) {  // Ctrl-C in a plain line: it came with the next Enter
    forget_interrupt();
    return Result::kInterrupted;
  }
  return Result::kLine;
}

LineReader::Result LineReader::read_message(std::string& message) {
  message.clear();
  std::string line;
  Result result = read_line("> ", line);
  if (result != Result::kLine) return result;
  constexpr const char* kFence = "\"\"\"";
  if (line.rfind(kFence, 0) == 0) {
    message = line.substr(3);
    while (message.find(kFence) == std::string::npos) {
      if ((result = read_line(". ", line)) == Result::kInterrupted) return result;
      if (result == Result::kEnd) break;
      message += (message.empty() ? "" : "\n") + line;
    }
    message = message.substr(0, message.find(kFence));
    return Result::kLine;
  }
  while (!line.empty() && line.back() == '\\') {
    line.pop_back();
    message += line + "\n";
    if ((result = read_line(". ", line)) != Result::kLine) return result;
  }
  message += line;
  return Result::kLine;
}

std::string history_path() {
  const char* base = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder;
  if (base != nullptr && *base == '/') {
    folder = base;
  } else if (home != nullptr && *home == '/') {
    folder = std::filesystem::path(home) / ".local" / "state";
  } else {
    return {};
  }
  std::error_code problem;
  std::filesystem::create_directories(folder / "minnow", problem);
  return problem ? std::string() : (folder / "minnow" / "history").string();
}

}  // namespace minnow::program

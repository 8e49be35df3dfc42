// The library's options as options of the program. The library describes its own (names, types,
// defaults, meaning), so one that is added there appears here without a line of code; this file
// only knows the short and the usual spellings and which commands care.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "handles.hpp"

namespace minnow::program {

class LibraryOptions {
 public:
  enum Groups : unsigned {
    kMachine = 1,               // threads, isa, ...: everything that opens a model
    kContext = 2,               // n_ctx, n_batch, kv_type: everything that computes
    kSampling = 4,              // temperature, top_k, ...: everything that chooses tokens
    kAnswering = 8 | kSampling  // max_tokens and stop as well: everything that writes text
  };

  // Adds the options of some groups (or-ed) to a command.
  void add_to(CLI::App& command, unsigned groups);

  // Sets a value where the user gave none.
  void set_default(const std::string& name, const std::string& value);
  bool is_set(const std::string& name) const;

  // All options of a session, one a line: name, meaning, default.
  static std::string describe();

  // The set for the library. Failure (kExitUsage) tells which value is wrong.
  OptionsHandle make() const;

 private:
  struct Choice {
    std::string name, type, flag;
    std::vector<std::string> values;
  };
  void add_option(CLI::App& command, const std::string& group, Choice choice,
                  const std::string& description);

  std::deque<Choice> choices_;  // a deque: CLI11 keeps pointers to the elements
};

// Sets one option of the library from text, by its type ("int", "float" or "text"); `shown` is what
// the user calls it.
void set_option(minnow_options* options, const std::string& name, const std::string& type,
                const std::string& value, const std::string& shown);

// The same by the library's own name or with dashes, the type looked up.
void set_described_option(minnow_options* options, std::string name, const std::string& value);

}  // namespace minnow::program

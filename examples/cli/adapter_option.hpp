// --lora FILE[:SCALE], as often as wanted: opens the adapters of a model and attaches them to its
// sessions, in the order of the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "handles.hpp"

namespace minnow::program {

class AdapterOption {
 public:
  void add_to(CLI::App& command);
  // Opens the files on the first call. Failure tells which file does not fit.
  void attach_to(minnow_model* model, minnow_session* session);

 private:
  struct Opened {
    AdapterHandle adapter;
    double scale;
  };

  std::vector<std::string> given_;
  std::vector<Opened> opened_;
};

}  // namespace minnow::program

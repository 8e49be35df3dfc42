// Opening models and sessions for the commands, with a progress line when it takes long.
#pragma once

#include <string>
#include <vector>

#include "handles.hpp"
#include "library_options.hpp"

namespace minnow::program {

// The file that a user means: a path, or the name of a model that examples/models/fetch.py has put
// into the user's cache.
std::string model_path(const std::string& name);
bool is_model(const std::string& name);  // whether there is such a file

ModelHandle open_model(const std::string& name, const minnow_options* options);
// For commands that compute nothing: unless told otherwise the weights stay in the file, unread.
ModelHandle open_vocabulary(const std::string& name, LibraryOptions options);
SessionHandle create_session(minnow_model* model, const minnow_options* options);

// Lets long calls with these options show their progress on a terminal (from the first second on)
// and end at Ctrl-C.
void show_progress(minnow_options* options);

std::int64_t model_int(const minnow_model* model, const char* name);
std::vector<minnow_token> tokenize(const minnow_model* model, const std::string& text,
                                   std::uint32_t flags);
std::string detokenize(const minnow_model* model, const std::vector<minnow_token>& tokens,
                       std::uint32_t flags);

}  // namespace minnow::program

// What an answer cost, as the line under it and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "minnow/minnow.h"

namespace minnow::program {

using Json = nlohmann::ordered_json;

// What the library described, which is freed.
Json take_json(char* text);

// The session's figures of its last answer, and this process's peak memory.
Json answer_figures(minnow_session* session);

// "[prompt 512 tok, 842 tok/s | answer 128 tok, 31.4 tok/s | first token 0.61 s | peak 412 MB]"
std::string figures_line(const Json& figures);

const char* reason_name(minnow_reason reason);

// One line of JSON; what is not UTF-8 (paths, pieces of tokens) becomes U+FFFD.
std::string json_line(const Json& json);

// Seconds since the program started.
double seconds_since_start();
void remember_start();

}  // namespace minnow::program

// The JSON texts that functions return or take.
#pragma once

#include <string>

#include "io/gguf.hpp"
#include "runtime/chat.hpp"
#include "runtime/memory_estimate.hpp"
#include "runtime/options.hpp"
#include "runtime/runtime.hpp"

namespace minnow::capi {

std::string options_json();
std::string runtime_json(Runtime& runtime);
std::string limits_json(const MachineLimits& limits);
// Without an estimate ("memory") when minnow cannot run the file: "problem" then says why.
std::string inspect_json(const Gguf& gguf, std::uint64_t file_bytes, const Status& estimated,
                         const MemoryEstimate& memory);
std::string messages_json(const std::vector<ChatMessage>& messages);
std::string stats_json(const GenerationStats& stats, const Session& session);

// The inverse of messages_json(). kInvalidArgument names what is malformed.
Status read_messages(std::string_view json, std::vector<ChatMessage>& out);

}  // namespace minnow::capi

// ModelFile: a tiny working model, built in memory and bent by tests: other numbers, other shapes,
// missing tensors, broken vocabularies.
//
//   ModelFile file;                       // opens and runs as it is
//   file.numbers["llama.block_count"] = 1000000;
//   file.tensors.erase("blk.0.attn_q.weight");
//   const Bytes bytes = file.build();
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/gguf_writer.hpp"

namespace minnow::testing_support {

struct ModelFile {
  struct Tensor {
    std::vector<std::uint64_t> dims;  // dims[0]: elements of a row
    std::vector<float> values;
  };

  // llama with 2 layers, 32 wide, 4 heads of 8 on 2 key heads, 48 in the feed-forward, 44 tokens.
  ModelFile();

  std::string architecture = "llama";
  std::map<std::string, std::int64_t>
      numbers;  // written as uint32, or int64 where that is too small
  std::map<std::string, float> reals;
  std::map<std::string, Tensor> tensors;
  std::string tokenizer_model = "llama";
  std::string pre_tokenizer;  // "": none
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  std::vector<std::string> merges;

  // Replaces a tensor by random values of these dims.
  void put(const std::string& name, std::vector<std::uint64_t> dims);
  // Writes one value of a tensor.
  void poison(const std::string& name, float value) { tensors.at(name).values[3] = value; }

  GgufWriter writer() const;
  Bytes build() const { return writer().build(); }
};

}  // namespace minnow::testing_support

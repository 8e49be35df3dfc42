// The transformer once more, written as plainly as possible in float64 on the tensors of a
// ModelFile: what families without reference logits are held to. A test says in FamilySpec what its
// family does; nothing is read from minnow's own rows.
#pragma once

#include <string>
#include <vector>

#include "base/token.hpp"
#include "support/model_file.hpp"

namespace minnow::testing_support {

struct FamilySpec {
  int n_layers = 2;
  int n_heads = 4;
  int n_kv_heads = 2;
  int head_dim = 8;
  int n_rot = 8;       // 0: no rotation
  bool halves = true;  // x[i] turns with x[i + n_rot / 2], otherwise with its neighbour
  int no_rope_every = 0;
  double rope_base = 10000.0;
  std::vector<double> rope_divisors;  // of each frequency
  double rope_factor = 1.0;           // on cosine and sine
  bool layer_norm = false;
  bool parallel = false;
  enum class HeadNorms { kNone, kShared, kWholeRow, kOwn } head_norms = HeadNorms::kNone;
  enum class Act { kSilu, kGeluTanh, kGeluErf, kRelu } act = Act::kSilu;
  int window = 0;  // of every layer but the last of each full_every
  int full_every = 0;
  double eps = 1e-5;
  double embedding_scale = 1.0;
  double attention_softcap = 0.0;
  double final_softcap = 0.0;
  int n_experts_used = 0;
  bool normalises_experts = true;
  // Encoders, and decoders that have one.
  bool sees_all = false;      // tokens look both ways; a window then reaches half of it each way
  bool norms_sums = false;    // norms are on the sums, and on the embedding
  bool scales_scores = true;  // by 1 / sqrt(head_dim)
  int relative_buckets = 0;
  std::string prefix;  // before "blk.0."
};

// The states [tokens, n_embd] behind the last layer and its norm. `segments`: each token's type;
// empty: all are of the first.
std::vector<std::vector<double>> oracle_states(const ModelFile& file, const FamilySpec& spec,
                                               const std::vector<Token>& tokens,
                                               const std::vector<int>& segments = {});
// Logits [tokens, vocabulary] of a decoder that looks at the states of an encoder.
std::vector<float> oracle_answer(const ModelFile& file, const FamilySpec& encoder,
                                 const FamilySpec& decoder, const std::vector<Token>& source,
                                 const std::vector<Token>& tokens);
// Logits [tokens, vocabulary].
std::vector<float> oracle_logits(const ModelFile& file, const FamilySpec& spec,
                                 const std::vector<Token>& tokens);

}  // namespace minnow::testing_support

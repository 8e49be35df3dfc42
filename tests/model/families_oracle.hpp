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
  enum class Act { kSilu, kGeluTanh, kGeluErf } act = Act::kSilu;
  int window = 0;  // of every layer but the last of each full_every
  int full_every = 0;
  double eps = 1e-5;
  double embedding_scale = 1.0;
  double attention_softcap = 0.0;
  double final_softcap = 0.0;
  int n_experts_used = 0;
  bool normalises_experts = true;
};

// Logits [tokens, vocabulary].
std::vector<float> oracle_logits(const ModelFile& file, const FamilySpec& spec,
                                 const std::vector<Token>& tokens);

}  // namespace minnow::testing_support

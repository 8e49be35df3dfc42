#include "model/weight_table.hpp"

namespace minnow {

namespace {

using Layer = LayerWeights;

constexpr LayerVector kLayerVectors[] = {
    {"attn_norm.weight", When::kOneNorm, {{&Layer::attn_norm, Size::kEmbd}}},
    {"attn_norm.bias", When::kOneNormBias, {{&Layer::attn_norm_bias, Size::kEmbd}}},
    {"attn_norm_2.weight", When::kTwoNorms, {{&Layer::attn_norm, Size::kEmbd}}},
    {"attn_norm_2.bias", When::kTwoNorms, {{&Layer::attn_norm_bias, Size::kEmbd}}},
    {"attn_q.bias", When::kSplitQkvBias, {{&Layer::attn_q_bias, Size::kQ}}},
    {"attn_k.bias", When::kSplitQkvBias, {{&Layer::attn_k_bias, Size::kK}}},
    {"attn_v.bias", When::kSplitQkvBias, {{&Layer::attn_v_bias, Size::kV}}},
    {"attn_qkv.bias",
     When::kFusedQkvBias,
     {{&Layer::attn_q_bias, Size::kQ},
      {&Layer::attn_k_bias, Size::kK},
      {&Layer::attn_v_bias, Size::kV}}},
    {"attn_q_norm.weight", When::kSharedHeadNorm, {{&Layer::attn_q_norm, Size::kHeadDim}}},
    {"attn_k_norm.weight", When::kSharedHeadNorm, {{&Layer::attn_k_norm, Size::kHeadDim}}},
    {"attn_q_norm.weight", When::kRowHeadNorm, {{&Layer::attn_q_norm, Size::kQ}}},
    {"attn_k_norm.weight", When::kRowHeadNorm, {{&Layer::attn_k_norm, Size::kK}}},
    {"attn_q_norm.weight",
     When::kOwnHeadNorm,
     {{&Layer::attn_q_norm, Size::kHeadDim}},
     Size::kHeads},
    {"attn_k_norm.weight",
     When::kOwnHeadNorm,
     {{&Layer::attn_k_norm, Size::kHeadDim}},
     Size::kKvHeads},
    {"attn_output.bias", When::kOptional, {{&Layer::attn_output_bias, Size::kEmbd}}},
    {"post_attention_norm.weight", When::kPostNorm, {{&Layer::attn_post_norm, Size::kEmbd}}},
    {"attn_norm.weight", When::kTwoNorms, {{&Layer::ffn_norm, Size::kEmbd}}},
    {"attn_norm.bias", When::kTwoNorms, {{&Layer::ffn_norm_bias, Size::kEmbd}}},
    {"ffn_norm.weight", When::kFfnNorm, {{&Layer::ffn_norm, Size::kEmbd}}},
    {"ffn_norm.bias", When::kFfnNormBias, {{&Layer::ffn_norm_bias, Size::kEmbd}}},
    {"ffn_gate.bias", When::kGateBias, {{&Layer::ffn_gate_bias, Size::kFeedForward}}},
    {"ffn_up.bias", When::kUpBias, {{&Layer::ffn_up_bias, Size::kFeedForward}}},
    {"ffn_up.bias",
     When::kFusedUpBias,
     {{&Layer::ffn_gate_bias, Size::kFeedForward}, {&Layer::ffn_up_bias, Size::kFeedForward}}},
    {"ffn_down.bias", When::kDenseBias, {{&Layer::ffn_down_bias, Size::kEmbd}}},
    {"post_ffw_norm.weight", When::kPostNorm, {{&Layer::ffn_post_norm, Size::kEmbd}}},
};

constexpr LayerMatrix kLayerMatrices[] = {
    {"attn_q.weight", When::kSplitQkv, Size::kEmbd, {{&Layer::attn_q, Size::kQ}}},
    {"attn_k.weight", When::kSplitQkv, Size::kEmbd, {{&Layer::attn_k, Size::kK}}},
    {"attn_v.weight", When::kSplitQkv, Size::kEmbd, {{&Layer::attn_v, Size::kV}}},
    {"attn_qkv.weight",
     When::kFusedQkv,
     Size::kEmbd,
     {{&Layer::attn_q, Size::kQ}, {&Layer::attn_k, Size::kK}, {&Layer::attn_v, Size::kV}}},
    {"attn_output.weight", When::kAlways, Size::kAttended, {{&Layer::attn_output, Size::kEmbd}}},
    {"ffn_gate.weight", When::kGate, Size::kEmbd, {{&Layer::ffn_gate, Size::kFeedForward}}},
    {"ffn_up.weight", When::kUp, Size::kEmbd, {{&Layer::ffn_up, Size::kFeedForward}}},
    {"ffn_up.weight",
     When::kFusedUp,
     Size::kEmbd,
     {{&Layer::ffn_gate, Size::kFeedForward}, {&Layer::ffn_up, Size::kFeedForward}}},
    {"ffn_down.weight", When::kDense, Size::kFeedForward, {{&Layer::ffn_down, Size::kEmbd}}},
    {"ffn_gate_inp.weight", When::kExperts, Size::kEmbd, {{&Layer::router, Size::kExperts}}},
    {"ffn_gate_exps.weight",
     When::kExperts,
     Size::kEmbd,
     {{&Layer::expert_gate, Size::kExpertFeedForward}},
     Size::kExperts},
    {"ffn_up_exps.weight",
     When::kExperts,
     Size::kEmbd,
     {{&Layer::expert_up, Size::kExpertFeedForward}},
     Size::kExperts},
    {"ffn_down_exps.weight",
     When::kExperts,
     Size::kExpertFeedForward,
     {{&Layer::expert_down, Size::kEmbd}},
     Size::kExperts},
    {"ffn_gate_inp_shexp.weight",
     When::kSharedExpert,
     Size::kEmbd,
     {{&Layer::shared_router, Size::kOne}}},
    {"ffn_gate_shexp.weight",
     When::kSharedExpert,
     Size::kEmbd,
     {{&Layer::shared_gate, Size::kSharedFeedForward}}},
    {"ffn_up_shexp.weight",
     When::kSharedExpert,
     Size::kEmbd,
     {{&Layer::shared_up, Size::kSharedFeedForward}}},
    {"ffn_down_shexp.weight",
     When::kSharedExpert,
     Size::kSharedFeedForward,
     {{&Layer::shared_down, Size::kEmbd}}},
};

Need required_if(bool condition) {
  return condition ? Need::kRequired : Need::kNone;
}
Need optional_if(bool condition) {
  return condition ? Need::kOptional : Need::kNone;
}

Need need_of_ffn_norm(const ModelConfig& config, const TensorFacts& facts) {
  if (facts.two_norms || config.arch->norm_place == NormPlace::kAfter) return Need::kNone;
  switch (config.arch->order) {
    case BlockOrder::kSequential:
    case BlockOrder::kByMetadata:
      return Need::kRequired;
    case BlockOrder::kParallel:
      return Need::kOptional;
    case BlockOrder::kByFfnNorm:
      return required_if(!config.parallel_block);
  }
  return Need::kRequired;
}

Need need_of_shared_head_norm(HeadNorm kind) {
  if (kind == HeadNorm::kShared) return Need::kRequired;
  return optional_if(kind == HeadNorm::kOptional);
}

}  // namespace

std::int64_t size_of(Size size, const ModelConfig& config) {
  switch (size) {
    case Size::kNone:
      return 0;
    case Size::kOne:
      return 1;
    case Size::kEmbd:
      return config.n_embd;
    case Size::kQ:
      return config.q_size();
    case Size::kK:
      return config.k_size();
    case Size::kV:
      return config.v_size();
    case Size::kAttended:
      return config.attended_size();
    case Size::kHeads:
      return config.n_heads;
    case Size::kKvHeads:
      return config.n_kv_heads;
    case Size::kHeadDim:
      return config.head_dim;
    case Size::kFeedForward:
      return config.n_ff;
    case Size::kExperts:
      return config.n_experts;
    case Size::kExpertFeedForward:
      return config.n_ff_expert;
    case Size::kSharedFeedForward:
      return config.n_ff_shared;
    case Size::kVocab:
      return config.n_vocab;
    case Size::kContext:
      return config.n_ctx_train;
    case Size::kHalfRot:
      return config.n_rot / 2;
  }
  return 0;
}

Need need_of(When when, const ModelConfig& config, const TensorFacts& facts) {
  const ArchTraits& arch = *config.arch;
  const bool layer_norm = arch.norm == NormKind::kLayer;
  const bool one_norm = !facts.two_norms && arch.norm_place != NormPlace::kAfter;
  const bool dense = config.n_experts == 0;
  switch (when) {
    case When::kAlways:
      return Need::kRequired;
    case When::kOptional:
      return Need::kOptional;
    case When::kOneNorm:
      return required_if(one_norm);
    case When::kOneNormBias:
      return required_if(one_norm && layer_norm);
    case When::kTwoNorms:
      return required_if(facts.two_norms);
    case When::kFfnNorm:
      return need_of_ffn_norm(config, facts);
    case When::kFfnNormBias:
      return layer_norm ? need_of_ffn_norm(config, facts) : Need::kNone;
    case When::kPostNorm:
      return arch.norm_place == NormPlace::kBefore ? Need::kOptional : Need::kRequired;
    case When::kSharedHeadNorm:
      return need_of_shared_head_norm(arch.head_norm);
    case When::kRowHeadNorm:
      return required_if(arch.head_norm == HeadNorm::kWholeRow);
    case When::kOwnHeadNorm:
      return optional_if(arch.head_norm == HeadNorm::kOwn);
    case When::kSplitQkv:
      return required_if(!facts.fused_qkv);
    case When::kSplitQkvBias:
      return optional_if(!facts.fused_qkv);
    case When::kFusedQkv:
      return required_if(facts.fused_qkv);
    case When::kFusedQkvBias:
      return optional_if(facts.fused_qkv);
    case When::kDense:
      return required_if(dense);
    case When::kDenseBias:
      return optional_if(dense);
    case When::kGate:
      return required_if(dense && arch.feed_forward == FeedForward::kGated);
    case When::kGateBias:
      return optional_if(dense && arch.feed_forward == FeedForward::kGated);
    case When::kUp:
      return required_if(dense && arch.feed_forward != FeedForward::kFusedGated);
    case When::kUpBias:
      return optional_if(dense && arch.feed_forward != FeedForward::kFusedGated);
    case When::kFusedUp:
      return required_if(dense && arch.feed_forward == FeedForward::kFusedGated);
    case When::kFusedUpBias:
      return optional_if(dense && arch.feed_forward == FeedForward::kFusedGated);
    case When::kExperts:
      return required_if(!dense);
    case When::kSharedExpert:
      return required_if(config.n_ff_shared > 0);
  }
  return Need::kNone;
}

std::span<const LayerVector> layer_vectors() {
  return kLayerVectors;
}

std::span<const LayerMatrix> layer_matrices() {
  return kLayerMatrices;
}

}  // namespace minnow

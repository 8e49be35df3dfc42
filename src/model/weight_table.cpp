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
    {"attn_output_norm.weight", When::kSumNorm, {{&Layer::attn_sum_norm, Size::kEmbd}}},
    {"attn_output_norm.bias", When::kSumNormBias, {{&Layer::attn_sum_norm_bias, Size::kEmbd}}},
    {"attn_rel_b.weight",
     When::kRelativeBias,
     {{&Layer::relative_bias, Size::kHeads}},
     Size::kRelativeBuckets},
    {"cross_attn_norm.weight", When::kCross, {{&Layer::cross_norm, Size::kEmbd}}},
    {"ffn_norm.weight", When::kFfnNorm, {{&Layer::ffn_norm, Size::kEmbd}}},
    {"ffn_norm.bias", When::kFfnNormBias, {{&Layer::ffn_norm_bias, Size::kEmbd}}},
    {"ffn_gate.bias", When::kGateBias, {{&Layer::ffn_gate_bias, Size::kFeedForward}}},
    {"ffn_up.bias", When::kUpBias, {{&Layer::ffn_up_bias, Size::kFeedForward}}},
    {"ffn_up.bias",
     When::kFusedUpBias,
     {{&Layer::ffn_gate_bias, Size::kFeedForward}, {&Layer::ffn_up_bias, Size::kFeedForward}}},
    {"ffn_down.bias", When::kDenseBias, {{&Layer::ffn_down_bias, Size::kEmbd}}},
    {"post_ffw_norm.weight", When::kPostNorm, {{&Layer::ffn_post_norm, Size::kEmbd}}},
    {"layer_output_norm.weight", When::kSumNorm, {{&Layer::ffn_sum_norm, Size::kEmbd}}},
    {"layer_output_norm.bias", When::kSumNormBias, {{&Layer::ffn_sum_norm_bias, Size::kEmbd}}},
};

constexpr LayerMatrix kLayerMatrices[] = {
    {"attn_q.weight", When::kSplitQkv, Size::kEmbd, {{&Layer::attn_q, Size::kQ}}},
    {"attn_k.weight", When::kSplitQkv, Size::kEmbd, {{&Layer::attn_k, Size::kK}}},
    {"attn_v.weight", When::kSplitQkv, Size::kEmbd, {{&Layer::attn_v, Size::kV}}},
    {"attn_qkv.weight",
     When::kFusedQkv,
     Size::kEmbd,
     {{&Layer::attn_q, Size::kQ}, {&Layer::attn_k, Size::kK}, {&Layer::attn_v, Size::kV}}},
    {"attn_output.weight", When::kOutput, Size::kAttended, {{&Layer::attn_output, Size::kEmbd}}},
    {"attn_o.weight", When::kShortOutput, Size::kAttended, {{&Layer::attn_output, Size::kEmbd}}},
    {"cross_attn_q.weight", When::kCross, Size::kEmbd, {{&Layer::cross_q, Size::kQ}}},
    {"cross_attn_k.weight", When::kCross, Size::kEmbd, {{&Layer::cross_k, Size::kK}}},
    {"cross_attn_v.weight", When::kCross, Size::kEmbd, {{&Layer::cross_v, Size::kV}}},
    {"cross_attn_o.weight", When::kCross, Size::kAttended, {{&Layer::cross_output, Size::kEmbd}}},
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
     Size::kExperts,
     "ffn_gate"},
    {"ffn_up_exps.weight",
     When::kExperts,
     Size::kEmbd,
     {{&Layer::expert_up, Size::kExpertFeedForward}},
     Size::kExperts,
     "ffn_up"},
    {"ffn_down_exps.weight",
     When::kExperts,
     Size::kExpertFeedForward,
     {{&Layer::expert_down, Size::kEmbd}},
     Size::kExperts,
     "ffn_down"},
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

// Whether blocks norm what they read.
bool norms_before(const ArchTraits& arch) {
  return arch.norm_place == NormPlace::kBefore || arch.norm_place == NormPlace::kBoth;
}

Need need_of_post_norm(const ArchTraits& arch) {
  if (arch.norm_place == NormPlace::kSum) return Need::kNone;
  return arch.norm_place == NormPlace::kBefore ? Need::kOptional : Need::kRequired;
}

Need need_of_ffn_norm(const ModelConfig& config, const TensorFacts& facts) {
  if (facts.two_norms || !norms_before(*config.arch)) return Need::kNone;
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
    case Size::kTokenTypes:
      return config.n_token_types;
    case Size::kHalfRot:
      return config.n_rot / 2;
    case Size::kRelativeBuckets:
      return config.n_relative_buckets;
    case Size::kDenseHidden:
      return config.n_dense_hidden;
    case Size::kDenseOut:
      return config.n_dense_out;
    case Size::kLabels:
      return config.n_labels;
  }
  return 0;
}

bool concerns(When when, std::int64_t i, const ModelConfig& config) {
  return when != When::kRelativeBias || i == 0 || config.layers_own_buckets;
}

Need need_of(When when, const ModelConfig& config, const TensorFacts& facts) {
  const ArchTraits& arch = *config.arch;
  const bool layer_norm = arch.norm == NormKind::kLayer;
  const bool one_norm = !facts.two_norms && norms_before(arch);
  const bool dense = config.n_experts == 0;
  switch (when) {
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
      return need_of_post_norm(arch);
    case When::kSumNorm:
      return required_if(arch.norm_place == NormPlace::kSum);
    case When::kSumNormBias:
      return required_if(arch.norm_place == NormPlace::kSum && layer_norm);
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
    case When::kOutput:
      return required_if(!facts.short_output);
    case When::kShortOutput:
      return required_if(facts.short_output);
    case When::kRelativeBias:
      return required_if(config.n_relative_buckets > 0);
    case When::kCross:
      return required_if(config.n_encoder_layers > 0);
    case When::kDense:
      return required_if(dense);
    case When::kDenseBias:
      return optional_if(dense);
    case When::kGate:
      return required_if(dense && config.feed_forward == FeedForward::kGated);
    case When::kGateBias:
      return optional_if(dense && config.feed_forward == FeedForward::kGated);
    case When::kUp:
      return required_if(dense && config.feed_forward != FeedForward::kFusedGated);
    case When::kUpBias:
      return optional_if(dense && config.feed_forward != FeedForward::kFusedGated);
    case When::kFusedUp:
      return required_if(dense && config.feed_forward == FeedForward::kFusedGated);
    case When::kFusedUpBias:
      return optional_if(dense && config.feed_forward == FeedForward::kFusedGated);
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

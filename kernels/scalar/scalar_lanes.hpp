// Lanes of the scalar table. Include in files of kernels/scalar only.
#pragma once

#include "kernels/generic/lanes16_scalar.hpp"

namespace minnow::scalar {
namespace {

struct Scalar;
using Lanes = generic::Lanes16Scalar<Scalar>;

}  // namespace
}  // namespace minnow::scalar

// What the tests of split heads share: a matrix in that form, and its products by the packed one.
#pragma once

#include <vector>

#include "kernels/formats/split_layout.hpp"
#include "support/integer_cases.hpp"

namespace minnow::testing_support {

// Elements of a row: whole and broken steps of every table.
inline const std::vector<std::int64_t> kSplitSizes = {32,  64,  96,  128, 160, 224, 256,
                                                      480, 512, 544, 640, 896, 1056};

// The file's rows, split by one table; the parts end at a page that cannot be read.
class SplitHead {
 public:
  SplitHead(const KernelTable& table, Format format, const std::vector<std::uint8_t>& rows,
            std::int64_t n_rows, std::int64_t k)
      : bytes_(static_cast<std::size_t>(split_layout(format, n_rows, k).n_bytes)),
        matrix_{format, n_rows, k, nullptr} {
    matrix_.data = bytes_.data();
    table.split_rows(matrix_, 0, rows.data(), n_rows, bytes_.data());
  }
  SplitHead(const SplitHead&) = delete;
  SplitHead& operator=(const SplitHead&) = delete;

  const SplitMatrix& matrix() const { return matrix_; }
  std::uint8_t* data() { return bytes_.data(); }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  Guarded<std::uint8_t> bytes_;
  SplitMatrix matrix_;
};

// [n_rows] of one token, by the scalar table's matmul.
inline std::vector<float> packed_products(Format format, const std::vector<std::uint8_t>& rows,
                                          std::int64_t n_rows, std::int64_t k,
                                          const Activations& x) {
  const Guarded<std::uint8_t> groups = pack_matrix(kScalarTable, format, rows, n_rows, k);
  std::vector<float> out(static_cast<std::size_t>(n_rows));
  MatmulArgs args{};
  args.weights = groups.data();
  args.k = k;
  args.n_rows = n_rows;
  args.n_tokens = 1;
  args.x = x.rows();
  args.out = out.data();
  args.out_stride = n_rows;
  kScalarTable.matmul(format, args, nullptr);
  return out;
}

}  // namespace minnow::testing_support

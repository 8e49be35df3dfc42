#include "support/npy.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/checked.hpp"
#include "base/mapped_file.hpp"

namespace minnow::testing_support {

namespace {

Status bad(const std::string& path, std::string_view why) {
  return error(StatusCode::kBadFile, "'", path, "' is no .npy file that is read here: ", why);
}

// What follows "'name':" in the header's dictionary.
std::string_view field(std::string_view header, std::string_view name) {
  const std::size_t at = header.find(join('\'', name, '\'', ':'));
  if (at == std::string_view::npos) return {};
  std::string_view rest = header.substr(at + name.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

// "(3, 4)", "(7,)" or "()" as numbers.
std::vector<std::size_t> shape_of(std::string_view text) {
  std::vector<std::size_t> shape;
  text = text.substr(0, text.find(')'));
  for (std::size_t i = 0; i < text.size();) {
    std::size_t value = 0;
    const auto result = std::from_chars(text.data() + i, text.data() + text.size(), value);
    if (result.ec == std::errc()) {
      shape.push_back(value);
      i = static_cast<std::size_t>(result.ptr - text.data());
    } else {
      i += 1;
    }
  }
  return shape;
}

template <class T>
void widen(const char* data, std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, data + i * sizeof value, sizeof value);
    values[i] = value;
  }
}

double log_sum_exp(std::span<const float> row) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const float value : row) sum += std::exp(value - top);
  return top + std::log(sum);
}

}  // namespace

Status read_npy(const std::string& path, NpyMatrix& out) {
  MappedFile file;
  MINNOW_TRY(MappedFile::open(path, file));
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.n_bytes());
  if (bytes.size() < 12 || bytes.substr(0, 6) != "\x93NUMPY") return bad(path, "no magic");
  const bool is_v1 = bytes[6] == 1;
  std::uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data() + 8, is_v1 ? 2 : 4);
  const std::size_t data_at = (is_v1 ? 10u : 12u) + std::size_t{header_bytes};
  if (data_at > bytes.size()) return bad(path, "cut short");
  const std::string_view header = bytes.substr(0, data_at);

  const std::string_view kind = field(header, "descr").substr(0, 5);
  if (kind != "'<f4'" && kind != "'<f8'") return bad(path, "neither float32 nor float64");
  if (field(header, "fortran_order").substr(0, 5) != "False") return bad(path, "Fortran order");
  const std::vector<std::size_t> shape = shape_of(field(header, "shape"));
  if (shape.empty() || shape.size() > 2) return bad(path, "not one or two dimensions");

  NpyMatrix matrix;
  matrix.n_rows = shape.size() == 2 ? shape[0] : 1;
  matrix.n_columns = shape.back();
  const std::size_t element_bytes = kind == "'<f4'" ? 4 : 8;
  std::size_t n_bytes = 0;
  if (!checked_mul(matrix.n_rows, matrix.n_columns, n_bytes) ||
      !checked_mul(n_bytes, element_bytes, n_bytes) || n_bytes != bytes.size() - data_at)
    return bad(path, "the data is not as long as the shape says");
  matrix.values.resize(n_bytes / element_bytes);
  if (element_bytes == 4)
    widen<float>(bytes.data() + data_at, matrix.values);
  else
    widen<double>(bytes.data() + data_at, matrix.values);
  out = std::move(matrix);
  return {};
}

double max_abs_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(a[i]) - b[i]);
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

double value_range(std::span<const float> values) {
  if (values.empty()) return 0;
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  return static_cast<double>(*largest) - *smallest;
}

double mean_kl(std::span<const float> reference, std::span<const float> actual,
               std::size_t n_columns) {
  if (reference.size() != actual.size() || n_columns == 0 || reference.size() < n_columns)
    return std::numeric_limits<double>::infinity();
  const std::size_t n_rows = reference.size() / n_columns;
  double total = 0;
  for (std::size_t r = 0; r < n_rows; ++r) {
    const auto p = reference.subspan(r * n_columns, n_columns);
    const auto q = actual.subspan(r * n_columns, n_columns);
    const double p_sum = log_sum_exp(p);
    const double q_sum = log_sum_exp(q);
    for (std::size_t i = 0; i < n_columns; ++i)
      total += std::exp(p[i] - p_sum) * ((p[i] - p_sum) - (q[i] - q_sum));
  }
  return total / static_cast<double>(n_rows);
}

double top1_agreement(std::span<const float> reference, std::span<const float> actual,
                      std::size_t n_columns) {
  if (reference.size() != actual.size() || n_columns == 0 || reference.size() < n_columns) return 0;
  const std::size_t n_rows = reference.size() / n_columns;
  std::size_t n_equal = 0;
  for (std::size_t r = 0; r < n_rows; ++r) {
    const auto p = reference.subspan(r * n_columns, n_columns);
    const auto q = actual.subspan(r * n_columns, n_columns);
    const auto p_top = std::max_element(p.begin(), p.end()) - p.begin();
    const auto q_top = std::max_element(q.begin(), q.end()) - q.begin();
    n_equal += p_top == q_top ? 1 : 0;
  }
  return static_cast<double>(n_equal) / static_cast<double>(n_rows);
}

}  // namespace minnow::testing_support

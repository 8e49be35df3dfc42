#include "support/npy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/gguf_writer.hpp"
#include "support/temporary_folder.hpp"

namespace minnow::testing_support {
namespace {

TEST(Npy, ReadsTheReferenceLogits) {
  NpyMatrix matrix;
  const Status status =
      read_npy(std::string(MINNOW_TEST_DATA) + "/tiny/llama.logits.0.npy", matrix);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(matrix.n_rows, 5u);
  EXPECT_EQ(matrix.n_columns, 512u);
  const std::vector<float> logits = matrix.as_floats();
  EXPECT_EQ(logits.size(), 5u * 512u);
  EXPECT_EQ(max_abs_difference(logits, logits), 0);
  EXPECT_NEAR(mean_kl(logits, logits, 512), 0, 1e-12);
  EXPECT_EQ(top1_agreement(logits, logits, 512), 1);
  EXPECT_GT(value_range(logits), 1);
}

Bytes npy(std::string dictionary, const Bytes& data) {
  Bytes file;
  for (const char c : {'\x93', 'N', 'U', 'M', 'P', 'Y', '\1', '\0'})
    file.push_back(static_cast<std::byte>(c));
  append_number(file, static_cast<std::uint16_t>(dictionary.size()));
  for (const char c : dictionary) file.push_back(static_cast<std::byte>(c));
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

TEST(Npy, ReadsBothFloatTypesAndRefusesTheRest) {
  TemporaryFolder folder;
  NpyMatrix matrix;
  Bytes doubles;
  append_number(doubles, 0.1);
  append_number(doubles, -3.0);
  const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n";
  ASSERT_TRUE(read_npy(folder.write("a.npy", npy(good, doubles)), matrix).ok());
  EXPECT_EQ(matrix.n_rows, 1u);
  EXPECT_EQ(matrix.values, (std::vector<double>{0.1, -3.0}));
  for (const std::string& bad :
       {std::string("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n"),
        std::string("{'descr': '<f8', 'fortran_order': True, 'shape': (2,), }\n"),
        std::string("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n"),
        std::string("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 2), }\n"),
        std::string("nothing")})
    EXPECT_FALSE(read_npy(folder.write("b.npy", npy(bad, doubles)), matrix).ok()) << bad;
  EXPECT_FALSE(read_npy(folder.write_text("c.npy", "not numpy at all"), matrix).ok());
  EXPECT_FALSE(read_npy(folder.path("absent.npy"), matrix).ok());
}

TEST(Npy, ComparisonsGiveTheirDefinitions) {
  const std::vector<float> p = {0, 0, 1, 2};
  const std::vector<float> q = {0, std::log(3.0f), 1, 1.5f};
  EXPECT_FLOAT_EQ(static_cast<float>(max_abs_difference(p, q)), std::log(3.0f));
  // Row 0: P = (1/2, 1/2), Q = (1/4, 3/4). Row 1: logistic with differences 1 and 1/2.
  const double first = 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3.0);
  const double s1 = 1 / (1 + std::exp(-1.0));
  const double s2 = 1 / (1 + std::exp(-0.5));
  const double second = s1 * std::log(s1 / s2) + (1 - s1) * std::log((1 - s1) / (1 - s2));
  EXPECT_NEAR(mean_kl(p, q, 2), (first + second) / 2, 1e-7);
  EXPECT_EQ(top1_agreement(p, q, 2), 0.5);
  EXPECT_EQ(value_range(p), 2);
  const std::vector<float> broken = {0, NAN, 1, 2};
  EXPECT_TRUE(std::isinf(max_abs_difference(p, broken)));
  EXPECT_TRUE(std::isinf(max_abs_difference(p, std::span(q).first(3))));
}

}  // namespace
}  // namespace minnow::testing_support

// Runs a fuzz target as a plain program, where the compiler brings no fuzzer:
//   fuzz_NAME SEED RUNS [FILE...]
// makes RUNS inputs from SEED, by mutation of the files given (or of inputs made before), and calls
// the target with each. The same arguments make the same inputs. A target reports a fault by ending
// the program.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kMaxBytes = 4096;
constexpr std::size_t kPoolSize = 64;

// Changes inputs at random: bits, bytes, sizes, copies of parts, parts of other inputs.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(random_() % n); }

  Bytes fresh() {
    Bytes bytes(below(256));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }

  void mutate(Bytes* bytes, const Bytes& other) {
    const std::size_t at = below(bytes->size() + 1);
    const auto place = bytes->begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(8)) {
      case 0:
        if (at < bytes->size()) (*bytes)[at] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (at < bytes->size()) (*bytes)[at] = static_cast<std::uint8_t>(random_());
        break;
      case 2:
        bytes->insert(place, 1 + below(16), static_cast<std::uint8_t>(random_()));
        break;
      case 3:
        bytes->erase(place, place + static_cast<std::ptrdiff_t>(below(bytes->size() - at + 1)));
        break;
      case 4: {
        constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE, ' ', '\n', '<', '"'};
        if (at < bytes->size()) (*bytes)[at] = kEdges[below(std::size(kEdges))];
        break;
      }
      case 5:
        insert_part(bytes, at, Bytes(*bytes));
        break;
      case 6:
        insert_part(bytes, at, other);
        break;
      default:
        for (std::size_t i = at; i < std::min(bytes->size(), at + 8); ++i) {
          (*bytes)[i] = static_cast<std::uint8_t>(below(4) == 0 ? 0xFF : 0);
        }
    }
    if (bytes->size() > kMaxBytes) bytes->resize(kMaxBytes);
  }

 private:
  void insert_part(Bytes* bytes, std::size_t at, const Bytes& from) {
    if (from.empty()) return;
    const std::size_t begin = below(from.size()),
                      n = 1 + below(std::min<std::size_t>(64, from.size() - begin));
    bytes->insert(bytes->begin() + static_cast<std::ptrdiff_t>(at),
                  from.begin() + static_cast<std::ptrdiff_t>(begin),
                  from.begin() + static_cast<std::ptrdiff_t>(begin + n));
  }

  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SEED RUNS [FILE...]\n", argv[0]);
    return 2;
  }
  Mutator mutator(std::strtoull(argv[1], nullptr, 10));
  const std::uint64_t n_runs = std::strtoull(argv[2], nullptr, 10);
  std::vector<Bytes> pool;
  for (int i = 3; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 2;
    }
    pool.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(pool.back().data(), pool.back().size());
  }
  while (pool.size() < kPoolSize) pool.push_back(mutator.fresh());
  for (std::uint64_t run = 0; run < n_runs; ++run) {
    const std::size_t chosen = mutator.below(pool.size());
    Bytes bytes = pool[chosen];
    for (std::size_t n = 1 + mutator.below(6); n > 0; --n) {
      mutator.mutate(&bytes, pool[mutator.below(pool.size())]);
    }
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    // Files stay in the pool; what was made from them wanders.
    if (chosen >= static_cast<std::size_t>(argc - 3) && mutator.below(4) == 0) pool[chosen] = bytes;
  }
  std::printf("%llu runs\n", static_cast<unsigned long long>(n_runs));
  return 0;
}

// Which kernel table a CPU runs: a pure function of a feature mask, so that tests can ask for any
// CPU.
#pragma once

#include <cstdint>

#include "kernels/api/kernel_table.hpp"

namespace minnow {

// All tables of this build, best first. The last is the scalar one, which needs nothing.
struct KernelTables {
  const KernelTable* const* tables;
  int n_tables;
};
KernelTables kernel_tables();

// The best table that a CPU with these features runs.
const KernelTable& best_table(std::uint64_t cpu_mask);

// The table of that name, or NULL when this build has none.
const KernelTable* find_table(const char* name);

// Whether a CPU with these features runs the table.
bool can_run(const KernelTable& table, std::uint64_t cpu_mask);

}  // namespace minnow

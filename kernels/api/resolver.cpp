#include "kernels/api/resolver.hpp"

#include <cstring>

namespace minnow {

namespace {

constexpr const KernelTable* kTables[] = {
#if defined(__x86_64__)
    &kAvx512Table,
    &kAvx2Table,
#endif
    &kScalarTable,
};

}  // namespace

KernelTables kernel_tables() {
  return {kTables, sizeof kTables / sizeof kTables[0]};
}

bool can_run(const KernelTable& table, std::uint64_t cpu_mask) {
  return (table.needs & ~cpu_mask) == 0;
}

const KernelTable& best_table(std::uint64_t cpu_mask) {
  for (const KernelTable* table : kTables) {
    if (can_run(*table, cpu_mask)) return *table;
  }
  return kScalarTable;
}

const KernelTable* find_table(const char* name) {
  for (const KernelTable* table : kTables) {
    if (std::strcmp(table->name, name) == 0) return table;
  }
  return nullptr;
}

}  // namespace minnow

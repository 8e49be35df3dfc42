// run_on_small_stack(work): recursion that grows with its input overflows there, and ends the test.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstddef>

namespace minnow::testing_support {

// The address sanitizer puts room around every local variable.
#ifdef __SANITIZE_ADDRESS__
inline constexpr std::size_t kSmallStackBytes = 8 * (256 << 10);
#else
inline constexpr std::size_t kSmallStackBytes = 256 << 10;
#endif

template <class Work>
void run_on_small_stack(Work work) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, kSmallStackBytes), 0);
  pthread_t thread;
  const auto call = [](void* given) -> void* {
    (*static_cast<Work*>(given))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, call, &work), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace minnow::testing_support

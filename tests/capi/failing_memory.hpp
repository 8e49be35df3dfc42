// Memory that fails when a test says so: operator new, malloc and mmap of the whole program, and an
// allocator for minnow_options_set_allocator(). One source at a time is armed; its n-th request
// fails, alone or with all that follow. Blocks of operator new and of the host allocator are
// counted, so that a leak is seen.
#pragma once

#include <cstddef>

#include "minnow/minnow.h"

namespace minnow::testing_support {

enum class MemorySource { kNone, kNew, kHost, kMap };

// Whether malloc and mmap can be replaced here; sanitizers have their own.
bool can_fail_system_calls();

// From resume() to pause(), the n-th request of the source (from 1, counted since arm()) fails;
// with `and_all_later`, those after it too.
void arm(MemorySource source, long n, bool and_all_later);
void resume();
void pause();
// How many requests the source had, and whether one failed.
long n_requests();
bool has_failed();

// Blocks of operator new and of the host allocator that are not released.
long n_live_blocks();
// True once the host allocator got back a block with a wrong size.
bool had_wrong_release();

minnow_allocator failing_allocator();

}  // namespace minnow::testing_support

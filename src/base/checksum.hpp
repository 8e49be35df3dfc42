// Checksum: a 64-bit sum of bytes that finds damage on disks at the speed of memory. Not against
// forgers: sha256.hpp is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace minnow {

// The same on every machine with little-endian numbers. Order and length matter.
std::uint64_t checksum(std::span<const std::byte> bytes) noexcept;

}  // namespace minnow

// UntouchedArray: memory for n elements that nothing writes before it is used, so that large arrays
// which most calls need little of cost address space only.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <type_traits>

namespace minnow {

template <class T>
class UntouchedArray {
  static_assert(std::is_trivial_v<T>, "nothing is constructed or destroyed");

 public:
  // The elements have no value yet. Throws what `memory` throws; it must outlive the array.
  UntouchedArray(std::size_t n, std::pmr::memory_resource* memory)
      : memory_(memory),
        n_(n),
        data_(static_cast<T*>(memory->allocate(n * sizeof(T), alignof(T)))) {}
  ~UntouchedArray() { memory_->deallocate(data_, n_ * sizeof(T), alignof(T)); }
  UntouchedArray(const UntouchedArray&) = delete;
  UntouchedArray& operator=(const UntouchedArray&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  std::pmr::memory_resource* memory_;
  std::size_t n_;
  T* data_;
};

}  // namespace minnow

// Evaluation: what one rendering has used so far, and why it stopped.
//
// Functions of the interpreter return false after they have called fail(); the reason waits in
// failure(). (A Status per nested call would cost more than the calls.) All values of a rendering
// are allocated from the Evaluation, which counts; whoever is about to make something large asks
// room_for() first.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "template/render_options.hpp"
#include "template/value.hpp"

namespace minnow {

struct NamespaceObject;

class Evaluation final : public std::pmr::memory_resource {
 public:
  // `names` are the identifiers of the template, for messages; they outlive the Evaluation.
  Evaluation(const RenderOptions& options, const std::vector<std::string>& names)
      : options_(options), names_(names), steps_left_(options.limits.max_steps) {}
  ~Evaluation() override;

  const TemplateLimits& limits() const { return options_.limits; }
  const CivilTime& now() const { return options_.now; }
  const Status& failure() const { return failure_; }
  bool failed() const { return !failure_.ok(); }

  template <class... Pieces>
  bool fail(StatusCode code, const Pieces&... pieces) {
    if (failure_.ok()) failure_ = error(code, pieces...);
    return false;
  }
  // What Python would refuse: an operation that the values at hand do not have.
  template <class... Pieces>
  bool refuse(const Pieces&... pieces) {
    return fail(StatusCode::kInvalidArgument, pieces...);
  }
  // Says where the failure happened, once; the words of raise_exception stay as they are.
  void locate(std::uint32_t line, std::uint32_t column);

  bool charge(std::uint64_t steps) {
    if (steps > steps_left_) return fail_steps();
    steps_left_ -= steps;
    return true;
  }
  bool charge_bytes(std::size_t bytes) { return charge(bytes / 32); }
  bool room_for(std::size_t bytes);
  bool room_for_items(std::size_t n_items);

  // "'x' is undefined" and its like.
  bool refuse_undefined(const Value& value);
  std::string_view name(std::uint32_t id) const { return names_[id]; }

  NamespaceObject* first_namespace = nullptr;  // all that are alive; see ~Evaluation
  std::uint32_t nested_filters = 0;            // map within map

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* place, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  bool fail_steps();

  const RenderOptions& options_;
  const std::vector<std::string>& names_;
  std::uint64_t steps_left_;
  std::size_t used_bytes_ = 0;
  Status failure_;
};

// A namespace(): the one object that a template can change. Listed in its Evaluation, because only
// namespaces can form cycles, which counting alone would never free.
struct NamespaceObject final : Object {
  explicit NamespaceObject(std::pmr::memory_resource* where);
  ~NamespaceObject() override;
  void surrender(Object*& doomed) override;

  Evaluation* owner;
  Value attributes;  // a dict that nothing else refers to
  NamespaceObject* previous = nullptr;
  NamespaceObject* next = nullptr;
};

}  // namespace minnow

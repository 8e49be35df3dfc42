// Counting memory and steps, and the messages that several places share.
#include "template/evaluation.hpp"

#include "template/value_text.hpp"

namespace minnow {

Evaluation::~Evaluation() {
  // Breaks cycles: every namespace still alive loses its attributes; the rest follows by counting.
  while (first_namespace != nullptr) {
    NamespaceObject* object = first_namespace;
    first_namespace = object->next;
    if (first_namespace != nullptr) first_namespace->previous = nullptr;
    object->next = nullptr;
    object->owner = nullptr;
    object->references.fetch_add(1, std::memory_order_relaxed);
    const Value keep = Value::adopt(Kind::kNamespace, object);
    const Value dropped = std::move(object->attributes);
  }
}

void* Evaluation::do_allocate(std::size_t bytes, std::size_t alignment) {
  void* place = options_.memory->allocate(bytes, alignment);
  used_bytes_ += bytes;
  return place;
}

void Evaluation::do_deallocate(void* place, std::size_t bytes, std::size_t alignment) {
  used_bytes_ -= bytes;
  options_.memory->deallocate(place, bytes, alignment);
}

void Evaluation::locate(std::uint32_t line, std::uint32_t column) {
  if (failure_.ok() || failure_.code() == StatusCode::kTemplate) return;
  failure_ =
      error(failure_.code(), "template line ", line, ", column ", column, ": ", failure_.message());
}

bool Evaluation::fail_steps() {
  return fail(StatusCode::kUnsupported, "the template takes more than ", limits().max_steps,
              " steps");
}

bool Evaluation::room_for(std::size_t bytes) {
  if (bytes > limits().max_string_bytes) {
    return fail(StatusCode::kOutOfMemory, "a string would be longer than ",
                limits().max_string_bytes, " bytes");
  }
  if (used_bytes_ + bytes > limits().max_memory_bytes) {
    return fail(StatusCode::kOutOfMemory, "the template needs more than ",
                limits().max_memory_bytes, " bytes of memory");
  }
  return charge_bytes(bytes);
}

bool Evaluation::room_for_items(std::size_t n_items) {
  if (n_items > limits().max_items) {
    return fail(StatusCode::kOutOfMemory, "a collection would have more than ", limits().max_items,
                " items");
  }
  return charge(n_items) && room_for(n_items * sizeof(Value));
}

bool Evaluation::refuse_undefined(const Value& value) {
  const std::string_view named = name(value.absent_name());
  switch (value.absence()) {
    case Absence::kAttribute:
      if (named.empty()) return refuse("an item that does not exist was used");
      return refuse("an object has no attribute '", named, "'");
    case Absence::kNoElse:
      return refuse("an inline if without else gave no value");
    case Absence::kMissingArgument:
      return refuse("parameter '", named, "' was not provided");
    case Absence::kUnsafe:
      return refuse("access to '", named, "' is unsafe: it would change the value");
    case Absence::kName:
      break;
  }
  return refuse("'", named, "' is undefined");
}

NamespaceObject::NamespaceObject(std::pmr::memory_resource* where)
    : Object(where), owner(static_cast<Evaluation*>(where)), attributes(Value::dict(where)) {
  next = owner->first_namespace;
  if (next != nullptr) next->previous = this;
  owner->first_namespace = this;
}

NamespaceObject::~NamespaceObject() {
  if (owner == nullptr) return;
  if (previous != nullptr) previous->next = next;
  if (previous == nullptr) owner->first_namespace = next;
  if (next != nullptr) next->previous = previous;
}

void NamespaceObject::surrender(Object*& doomed) {
  attributes.surrender(doomed);
}

}  // namespace minnow

// Counting references, and freeing without recursion: the objects whose last reference goes are
// chained through next_doomed, and each gives its own references up before its destructor runs.
#include "template/value.hpp"

#include "template/dict_object.hpp"

namespace minnow {

Value Value::number(double value) {
  Value result(Kind::kFloat);
  result.number_ = value;
  return result;
}

Value Value::undefined(Absence why, std::uint32_t name) {
  Value result(Kind::kUndefined, name);
  result.detail_ = static_cast<std::uint8_t>(why);
  return result;
}

Value Value::adopt(Kind kind, Object* object) {
  Value result(kind);
  result.object_ = object;
  result.counted_ = true;
  return result;
}

Value Value::string(std::string_view text, bool marked, std::pmr::memory_resource* memory) {
  MarkedText copy(memory);
  copy.append(text, marked);
  return string(std::move(copy), memory);
}

Value Value::string(MarkedText text, std::pmr::memory_resource* memory) {
  return adopt(Kind::kString, make_object<StringObject>(memory, std::move(text)));
}

Value Value::list(std::pmr::memory_resource* memory) {
  return adopt(Kind::kList, make_object<ListObject>(memory));
}

Value Value::dict(std::pmr::memory_resource* memory) {
  return adopt(Kind::kDict, make_object<DictObject>(memory));
}

void Value::append(Value item) {
  as_list().items.push_back(std::move(item));
}

void Value::set(std::string_view key, Value item) {
  DictObject& dict = as_dict();
  dict.set(string(key, false, dict.memory), std::move(item));
}

std::string_view Value::as_text() const {
  return static_cast<const StringObject*>(object_)->text.text();
}

const MarkedText& Value::as_marked() const {
  return static_cast<const StringObject*>(object_)->text;
}

ListObject& Value::as_list() const {
  return *static_cast<ListObject*>(object_);
}

DictObject& Value::as_dict() const {
  return *static_cast<DictObject*>(object_);
}

void Value::surrender(Object*& doomed) {
  if (counted_ && object_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    object_->next_doomed = doomed;
    doomed = object_;
  }
  counted_ = false;
  kind_ = Kind::kNone;
}

void Value::release() {
  Object* doomed = nullptr;
  surrender(doomed);
  while (doomed != nullptr) {
    Object* object = doomed;
    doomed = object->next_doomed;
    object->surrender(doomed);
    std::pmr::memory_resource* memory = object->memory;
    const std::size_t size_bytes = object->size_bytes;
    object->~Object();
    memory->deallocate(object, size_bytes, alignof(std::max_align_t));
  }
}

StringObject::StringObject(std::pmr::memory_resource* where, MarkedText value)
    : Object(where), text(std::move(value)) {}

void ListObject::surrender(Object*& doomed) {
  for (Value& item : items) item.surrender(doomed);
}

}  // namespace minnow

// Value: what a template variable holds. Python's small data model: None, bool, int, float, str,
// list, tuple, dict, and the interpreter's own objects.
//
// Values are reference counted (atomically, so a context may be read by several renders at once)
// and, apart from namespaces, immutable once shared. Destruction never recurses: a list nested a
// million deep is freed by a loop. There are no host objects: nothing reachable from a template can
// call out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "template/marked_text.hpp"

namespace minnow {

enum class Kind : std::uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,  // every sequence; ListFlavor tells which
  kDict,
  kNamespace,
  kMacro,
  kFunction,  // a global function; the number is its row
  kMethod,    // a method bound to its object
  kLoop,      // the variable `loop`
  kCycler,
  kJoiner,
};

// What Python would call a sequence; decides how it prints and what may be done with it.
enum class ListFlavor : std::uint8_t {
  kList,
  kTuple,
  kRange,
  kKeys,
  kValues,
  kItems,
  kGenerator,  // the result of map, select and the like: can be walked once and has no length
  kGroup,      // a pair of groupby, with the attributes grouper and list
};

// Why a value is undefined, for the message of whoever uses it.
enum class Absence : std::uint8_t { kName, kAttribute, kNoElse, kMissingArgument, kUnsafe };

// The head of everything that is counted. Objects live in the memory resource that made them.
struct Object {
  explicit Object(std::pmr::memory_resource* where) : memory(where) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
  // Moves the object's references into `doomed` (see value.cpp), so that its destructor has none
  // left.
  virtual void surrender(Object*& doomed) { (void)doomed; }

  std::atomic<std::uint32_t> references{1};
  std::uint32_t size_bytes = 0;
  std::pmr::memory_resource* memory;
  Object* next_doomed = nullptr;
};

template <class T, class... Arguments>
T* make_object(std::pmr::memory_resource* memory, Arguments&&... arguments) {
  void* place = memory->allocate(sizeof(T), alignof(std::max_align_t));
  T* object = new (place) T(memory, std::forward<Arguments>(arguments)...);
  object->size_bytes = sizeof(T);
  return object;
}

struct StringObject;
struct ListObject;
struct DictObject;

class Value {
 public:
  Value() : integer_(0) {}  // undefined
  Value(const Value& other) : Value(other, 0) { retain(); }
  Value(Value&& other) noexcept : Value(other, 0) {
    other.kind_ = Kind::kNone;
    other.counted_ = false;
  }
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    Value moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Value() {
    if (counted_) release();
  }

  static Value none() { return Value(Kind::kNone); }
  static Value boolean(bool value) { return Value(Kind::kBool, value ? 1 : 0); }
  static Value integer(std::int64_t value) { return Value(Kind::kInt, value); }
  static Value number(double value);
  static Value undefined(Absence why, std::uint32_t name);
  static Value function(std::int64_t row) { return Value(Kind::kFunction, row); }
  // Copies `text`. `marked` says that a user wrote it.
  static Value string(std::string_view text, bool marked = false,
                      std::pmr::memory_resource* memory = std::pmr::get_default_resource());
  static Value string(MarkedText text, std::pmr::memory_resource* memory);
  static Value list(std::pmr::memory_resource* memory = std::pmr::get_default_resource());
  static Value dict(std::pmr::memory_resource* memory = std::pmr::get_default_resource());
  // Takes over the reference that `object` was made with.
  static Value adopt(Kind kind, Object* object);

  // For building: append to a list, set a key of a dict. The value must not be shared yet.
  void append(Value item);
  void set(std::string_view key, Value item);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_number() const { return kind_ >= Kind::kBool && kind_ <= Kind::kFloat; }
  bool is_integral() const { return kind_ == Kind::kBool || kind_ == Kind::kInt; }
  bool as_bool() const { return integer_ != 0; }    // kBool
  std::int64_t as_int() const { return integer_; }  // kBool, kInt, kFunction
  double as_double() const {                        // any number
    return kind_ == Kind::kFloat ? number_ : static_cast<double>(integer_);
  }
  std::string_view as_text() const;     // kString
  const MarkedText& as_marked() const;  // kString
  ListObject& as_list() const;          // kList
  DictObject& as_dict() const;          // kDict
  Object* object() const { return object_; }
  Absence absence() const { return static_cast<Absence>(detail_); }                   // kUndefined
  std::uint32_t absent_name() const { return static_cast<std::uint32_t>(integer_); }  // kUndefined

  // A scalar that a user wrote (a number in a tool's result): its text is marked, too.
  bool is_marked_scalar() const { return marked_; }
  Value with_mark(bool marked) && {
    marked_ = marked;
    return std::move(*this);
  }
  // A string that |safe or |escape made: adding text to it escapes that text, as markupsafe does.
  bool is_markup() const { return kind_ == Kind::kString && detail_ != 0; }
  void set_markup() { detail_ = 1; }

  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(marked_, other.marked_);
    std::swap(detail_, other.detail_);
    std::swap(counted_, other.counted_);
    std::swap(integer_, other.integer_);
  }
  // Gives the reference up into the chain `doomed` when it was the last one.
  void surrender(Object*& doomed);

 private:
  explicit Value(Kind kind, std::int64_t value = 0) : kind_(kind), integer_(value) {}
  Value(const Value& other, int)
      : kind_(other.kind_),
        marked_(other.marked_),
        detail_(other.detail_),
        counted_(other.counted_),
        integer_(other.integer_) {}
  void retain() const {
    if (counted_) object_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release();

  Kind kind_ = Kind::kUndefined;
  bool marked_ = false;
  std::uint8_t detail_ = 0;
  bool counted_ = false;
  union {
    std::int64_t integer_;
    double number_;
    Object* object_;
  };
  static_assert(sizeof(double) == sizeof(std::int64_t) && sizeof(Object*) <= sizeof(std::int64_t));
};

struct StringObject final : Object {
  StringObject(std::pmr::memory_resource* where, MarkedText value);
  MarkedText text;
};

struct ListObject final : Object {
  explicit ListObject(std::pmr::memory_resource* where, ListFlavor kind = ListFlavor::kList)
      : Object(where), items(where), flavor(kind) {}
  void surrender(Object*& doomed) override;
  std::pmr::vector<Value> items;
  ListFlavor flavor;
  std::int64_t range_first = 0;  // kRange: its three numbers
  std::int64_t range_stop = 0;
  std::int64_t range_step = 1;
};

}  // namespace minnow

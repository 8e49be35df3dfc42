// The interpreter's own objects: a loop with its variable `loop`, macros, bound methods, cycler and
// joiner.
#pragma once

#include "template/native.hpp"
#include "template/value.hpp"

namespace minnow {

// A walk over the items of a list, and what `loop` tells about it.
struct LoopObject final : Object {
  LoopObject(std::pmr::memory_resource* where, Value items)
      : Object(where), source(std::move(items)) {}
  void surrender(Object*& doomed) override;
  std::size_t length() const { return source.as_list().items.size(); }
  // Makes the item at `next` the current one.
  void accept();

  Value source;  // a list
  Value current;
  Value previous;
  Value changed;         // what loop.changed saw last, a list
  std::size_t next = 0;  // index of the item to come
  std::int64_t index0 = -1;
  std::uint32_t depth0 = 0;
  std::uint32_t entry = 0;  // of a recursive loop: its code, and the scope it stands in
  std::uint32_t scope = 0;
  std::uint32_t serial = 0;
};

struct MacroObject final : Object {
  MacroObject(std::pmr::memory_resource* where, std::uint32_t macro_number, std::uint32_t in_scope,
              std::uint32_t scope_serial)
      : Object(where), macro(macro_number), scope(in_scope), serial(scope_serial) {}
  std::uint32_t macro;
  std::uint32_t scope;
  std::uint32_t serial;
};

struct MethodObject final : Object {
  MethodObject(std::pmr::memory_resource* where, Value object, const NativeRow* method)
      : Object(where), self(std::move(object)), row(method) {}
  void surrender(Object*& doomed) override { self.surrender(doomed); }
  Value self;
  const NativeRow* row;
};

struct CyclerObject final : Object {
  CyclerObject(std::pmr::memory_resource* where, Value values)
      : Object(where), items(std::move(values)) {}
  void surrender(Object*& doomed) override { items.surrender(doomed); }
  Value items;  // a list, not empty
  std::size_t position = 0;
};

struct JoinerObject final : Object {
  JoinerObject(std::pmr::memory_resource* where, Value text)
      : Object(where), separator(std::move(text)) {}
  void surrender(Object*& doomed) override { separator.surrender(doomed); }
  Value separator;
  bool used = false;
};

// An attribute of `loop`; false in `found` when there is none of that name.
bool loop_attribute(const LoopObject& loop, std::string_view name, Value* out);
NativeTable loop_methods();
NativeTable cycler_methods();

}  // namespace minnow

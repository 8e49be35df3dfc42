// The attributes and methods of `loop` and of cyclers.
#include "template/loop_object.hpp"

#include "template/iteration.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

LoopObject& loop_of(const NativeCall& call) {
  return *static_cast<LoopObject*>(call.subject.object());
}

bool loop_cycle(const NativeCall& call, Value* out) {
  const Arguments& given = call.arguments;
  if (given.n_positional == 0) return call.evaluation.refuse("no items for cycling given");
  const auto index = static_cast<std::size_t>(loop_of(call).index0);
  *out = given.positional[index % given.n_positional];
  return true;
}

bool loop_changed(const NativeCall& call, Value* out) {
  LoopObject& loop = loop_of(call);
  Value seen = Value::list(&call.evaluation);
  for (std::size_t i = 0; i < call.arguments.n_positional; ++i) {
    seen.append(call.arguments.positional[i]);
  }
  bool same = false;
  if (loop.changed.is(Kind::kList) && !equal(call.evaluation, loop.changed, seen, &same)) {
    return false;
  }
  loop.changed = std::move(seen);
  *out = Value::boolean(!same);
  return true;
}

CyclerObject& cycler_of(const NativeCall& call) {
  return *static_cast<CyclerObject*>(call.subject.object());
}

bool cycler_next(const NativeCall& call, Value* out) {
  CyclerObject& cycler = cycler_of(call);
  const auto& items = cycler.items.as_list().items;
  *out = items[cycler.position];
  cycler.position = (cycler.position + 1) % items.size();
  return true;
}

bool cycler_reset(const NativeCall& call, Value* out) {
  cycler_of(call).position = 0;
  *out = Value::none();
  return true;
}

constexpr NativeRow kLoopMethods[] = {{"cycle", "*", loop_cycle}, {"changed", "*", loop_changed}};
constexpr NativeRow kCyclerMethods[] = {{"next", "", cycler_next}, {"reset", "", cycler_reset}};

}  // namespace

NativeTable loop_methods() {
  return {kLoopMethods, std::size(kLoopMethods)};
}
NativeTable cycler_methods() {
  return {kCyclerMethods, std::size(kCyclerMethods)};
}

void LoopObject::surrender(Object*& doomed) {
  source.surrender(doomed);
  current.surrender(doomed);
  previous.surrender(doomed);
  changed.surrender(doomed);
}

void LoopObject::accept() {
  previous = std::move(current);
  current = source.as_list().items[next - 1];
  ++index0;
}

bool loop_attribute(const LoopObject& loop, std::string_view name, Value* out) {
  const auto length = static_cast<std::int64_t>(loop.length());
  const std::int64_t index0 = loop.index0;
  if (name == "index")
    *out = Value::integer(index0 + 1);
  else if (name == "index0")
    *out = Value::integer(index0);
  else if (name == "first")
    *out = Value::boolean(index0 == 0);
  else if (name == "last")
    *out = Value::boolean(loop.next >= loop.length());
  else if (name == "length")
    *out = Value::integer(length);
  else if (name == "revindex")
    *out = Value::integer(length - index0);
  else if (name == "revindex0")
    *out = Value::integer(length - index0 - 1);
  else if (name == "depth")
    *out = Value::integer(loop.depth0 + 1);
  else if (name == "depth0")
    *out = Value::integer(loop.depth0);
  else if (name == "previtem") {
    *out = index0 > 0 ? loop.previous : Value::undefined(Absence::kAttribute, 0);
  } else if (name == "nextitem") {
    *out = loop.next < loop.length() ? loop.source.as_list().items[loop.next]
                                     : Value::undefined(Absence::kAttribute, 0);
  } else {
    return false;
  }
  return true;
}

}  // namespace minnow

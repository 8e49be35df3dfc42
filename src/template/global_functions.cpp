// The functions that every template can call: range, dict, namespace, cycler, joiner, and what
// transformers adds, raise_exception and strftime_now.
#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/loop_object.hpp"
#include "template/strftime.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

// Jinja's sandbox has the same limit.
constexpr std::int64_t kMaxRange = 100'000;

bool range(const NativeCall& call, Value* out) {
  std::int64_t first = 0;
  std::int64_t stop = 0;
  std::int64_t step = 1;
  if (!integer_slot(call, 0, "range's argument", 0, &first) ||
      !integer_slot(call, 1, "range's argument", 0, &stop) ||
      !integer_slot(call, 2, "range's argument", 1, &step)) {
    return false;
  }
  if (!is_given(call.slot[0])) return call.evaluation.refuse("range expected at least 1 argument");
  if (!is_given(call.slot[1])) {
    stop = first;
    first = 0;
  }
  if (step == 0) return call.evaluation.refuse("range() arg 3 must not be zero");
  const bool up = step > 0;
  const auto low = static_cast<std::uint64_t>(up ? first : stop);
  const auto high = static_cast<std::uint64_t>(up ? stop : first);
  const std::uint64_t stride =
      up ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const bool empty = up ? first >= stop : first <= stop;
  const std::uint64_t n = empty ? 0 : (high - low - 1) / stride + 1;
  if (n > kMaxRange) {
    return call.evaluation.fail(StatusCode::kOutOfMemory, "a range of more than ", kMaxRange,
                                " numbers is too large");
  }
  if (!call.evaluation.room_for_items(n)) return false;
  *out = make_list(call.evaluation, ListFlavor::kRange);
  out->as_list().items.reserve(n);
  out->as_list().range_first = first;
  out->as_list().range_stop = stop;
  out->as_list().range_step = step;
  for (std::uint64_t i = 0; i < n; ++i) {
    out->append(Value::integer(static_cast<std::int64_t>(static_cast<std::uint64_t>(first) +
                                                         i * static_cast<std::uint64_t>(step))));
  }
  return true;
}

// Fills a dict as dict(…) and namespace(…) do: from a dict or pairs, then from keywords.
bool fill(const NativeCall& call, DictObject& dict) {
  const Arguments& given = call.arguments;
  Evaluation& evaluation = call.evaluation;
  if (given.n_positional > 1) return evaluation.refuse("at most one positional argument expected");
  if (given.n_positional == 1 && given.positional[0].is(Kind::kDict)) {
    if (!evaluation.room_for_items(2 * given.positional[0].as_dict().entries.size())) return false;
    for (const DictEntry& entry : given.positional[0].as_dict().entries) {
      dict.set(entry.key, entry.value);
    }
  } else if (given.n_positional == 1) {
    Value items;
    if (!to_items(evaluation, given.positional[0], &items)) return false;
    for (const Value& item : items.as_list().items) {
      Value pair;
      if (!to_items(evaluation, item, &pair)) return false;
      const auto& parts = pair.as_list().items;
      if (parts.size() != 2 || !is_key(parts[0])) {
        return evaluation.refuse("pairs of a key and a value are needed to make a dict");
      }
      if (!evaluation.charge(2)) return false;
      dict.set(parts[0], parts[1]);
    }
  }
  for (std::size_t i = 0; i < given.n_keywords; ++i) {
    dict.set(Value::string(given.keywords[i], false, &evaluation), given.keyword_values[i]);
  }
  return true;
}

bool make_dict(const NativeCall& call, Value* out) {
  *out = Value::dict(&call.evaluation);
  return fill(call, out->as_dict());
}

bool make_namespace(const NativeCall& call, Value* out) {
  auto* space = make_object<NamespaceObject>(&call.evaluation);
  *out = Value::adopt(Kind::kNamespace, space);
  return fill(call, space->attributes.as_dict());
}

bool make_cycler(const NativeCall& call, Value* out) {
  const Arguments& given = call.arguments;
  if (given.n_positional == 0)
    return call.evaluation.refuse("at least one item has to be provided");
  Value items = make_list(call.evaluation);
  for (std::size_t i = 0; i < given.n_positional; ++i) items.append(given.positional[i]);
  *out = Value::adopt(Kind::kCycler, make_object<CyclerObject>(&call.evaluation, std::move(items)));
  return true;
}

bool make_joiner(const NativeCall& call, Value* out) {
  Value separator =
      is_given(call.slot[0]) ? call.slot[0] : Value::string(", ", false, &call.evaluation);
  *out = Value::adopt(Kind::kJoiner,
                      make_object<JoinerObject>(&call.evaluation, std::move(separator)));
  return true;
}

bool raise_exception(const NativeCall& call, Value*) {
  TextBuilder message(call.evaluation);
  if (!append_str(message, call.slot[0])) return false;
  return call.evaluation.fail(StatusCode::kTemplate, message.text().text());
}

bool strftime_now(const NativeCall& call, Value* out) {
  const MarkedText* format = nullptr;
  if (!text_slot(call, 0, "strftime_now's format", &format)) return false;
  TextBuilder text(call.evaluation);
  return append_time(text, *format, call.evaluation.now()) && text.finish(out);
}

constexpr NativeRow kGlobals[] = {
    {"range", "start stop step", range},      {"dict", "*", make_dict},
    {"namespace", "*", make_namespace},       {"cycler", "*", make_cycler},
    {"joiner", "sep", make_joiner},           {"raise_exception", "message", raise_exception},
    {"strftime_now", "format", strftime_now},
};

}  // namespace

NativeTable global_functions() {
  return {kGlobals, std::size(kGlobals)};
}

}  // namespace minnow

// append_time: a point in time by the rules of C's strftime in the C locale.
#pragma once

#include "template/text_builder.hpp"

namespace minnow {

// Refuses directives that it does not know; the time has no zone, so %Z and %z print nothing.
bool append_time(TextBuilder& out, const MarkedText& format, const CivilTime& time);

}  // namespace minnow

// RenderOptions: the surroundings of one rendering.
#pragma once

#include <memory_resource>

#include "template/template_limits.hpp"

namespace minnow {

// The time that strftime_now prints. The library never asks the clock by itself.
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;
};

struct RenderOptions {
  CivilTime now;
  TemplateLimits limits;
  // Where the values of the rendering live; it must outlive the call only.
  std::pmr::memory_resource* memory = std::pmr::get_default_resource();
};

}  // namespace minnow

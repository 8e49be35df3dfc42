// Dates by the proleptic Gregorian calendar; no clock, no locale, no time zone.
#include "template/strftime.hpp"

namespace minnow {
namespace {

constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

// Days since 1970-01-01.
std::int64_t day_number(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

struct Calendar {
  explicit Calendar(const CivilTime& time) {
    const std::int64_t number = day_number(time.year, time.month, time.day);
    weekday = static_cast<int>(((number + 4) % 7 + 7) % 7);
    year_day = static_cast<int>(number - day_number(time.year, 1, 1));
    seconds = number * 86400 + time.hour * 3600 + time.minute * 60 + time.second;
  }
  int weekday;   // Sunday is 0
  int year_day;  // January 1st is 0
  std::int64_t seconds;
};

std::string digits(std::int64_t value, std::size_t width, char fill = '0') {
  std::string text = join(value);
  return text.size() < width ? std::string(width - text.size(), fill) + text : text;
}

// ISO 8601 week and the year that it belongs to.
void iso_week(const CivilTime& time, const Calendar& calendar, std::int64_t* year, int* week) {
  const int monday_based = (calendar.weekday + 6) % 7;
  const std::int64_t thursday = day_number(time.year, time.month, time.day) - monday_based + 3;
  *year = time.year;
  if (thursday < day_number(*year, 1, 1)) --*year;
  if (thursday >= day_number(*year + 1, 1, 1)) ++*year;
  *week = static_cast<int>((thursday - day_number(*year, 1, 1)) / 7) + 1;
}

// Directives for the clock; empty text with *known false for others.
std::string clock_part(char directive, const CivilTime& time, const Calendar& calendar, char fill,
                       bool* known) {
  const int hour12 = time.hour % 12 == 0 ? 12 : time.hour % 12;
  const std::size_t two = fill == '-' ? 1 : 2;
  switch (directive) {
    case 'H':
      return digits(time.hour, two);
    case 'I':
      return digits(hour12, two);
    case 'k':
      return digits(time.hour, two, ' ');
    case 'l':
      return digits(hour12, two, ' ');
    case 'M':
      return digits(time.minute, two);
    case 'S':
      return digits(time.second, two);
    case 'p':
      return time.hour < 12 ? "AM" : "PM";
    case 'P':
      return time.hour < 12 ? "am" : "pm";
    case 'f':
      return "000000";
    case 's':
      return join(calendar.seconds);
    case 'z':
    case 'Z':
      return "";
    default:
      *known = false;
      return "";
  }
}

std::string date_part(char directive, const CivilTime& time, const Calendar& calendar, char fill,
                      bool* known) {
  const std::size_t two = fill == '-' ? 1 : 2;
  std::int64_t iso_year = 0;
  int week = 0;
  iso_week(time, calendar, &iso_year, &week);
  switch (directive) {
    case 'Y':
      return digits(time.year, fill == '-' ? 1 : 4);
    case 'C':
      return digits(time.year / 100, two);
    case 'y':
      return digits(time.year % 100, two);
    case 'm':
      return digits(time.month, two);
    case 'd':
      return digits(time.day, two);
    case 'e':
      return digits(time.day, two, ' ');
    case 'j':
      return digits(calendar.year_day + 1, fill == '-' ? 1 : 3);
    case 'A':
      return std::string(kDays[calendar.weekday]);
    case 'a':
      return std::string(kDays[calendar.weekday].substr(0, 3));
    case 'B':
      return std::string(kMonths[time.month - 1]);
    case 'b':
    case 'h':
      return std::string(kMonths[time.month - 1].substr(0, 3));
    case 'u':
      return join(calendar.weekday == 0 ? 7 : calendar.weekday);
    case 'w':
      return join(calendar.weekday);
    case 'G':
      return digits(iso_year, 4);
    case 'g':
      return digits(iso_year % 100, two);
    case 'V':
      return digits(week, two);
    case 'U':
      return digits((calendar.year_day + 7 - calendar.weekday) / 7, two);
    case 'W':
      return digits((calendar.year_day + 7 - (calendar.weekday + 6) % 7) / 7, two);
    default:
      *known = false;
      return "";
  }
}

// The directives that stand for several others.
std::string_view expansion(char directive) {
  switch (directive) {
    case 'D':
    case 'x':
      return "%m/%d/%y";
    case 'F':
      return "%Y-%m-%d";
    case 'T':
    case 'X':
      return "%H:%M:%S";
    case 'R':
      return "%H:%M";
    case 'r':
      return "%I:%M:%S %p";
    case 'c':
      return "%a %b %e %H:%M:%S %Y";
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '%':
      return "%%";
    default:
      return "";
  }
}

std::string format_one(char directive, const CivilTime& time, const Calendar& calendar, char fill,
                       bool* known) {
  std::string text = clock_part(directive, time, calendar, fill, known);
  if (*known) return text;
  *known = true;
  return date_part(directive, time, calendar, fill, known);
}

}  // namespace

bool append_time(TextBuilder& out, const MarkedText& format, const CivilTime& time) {
  if (time.month < 1 || time.month > 12 || time.day < 1 || time.day > 31) {
    return out.evaluation().refuse("the time for strftime_now is no date");
  }
  const Calendar calendar(time);
  const std::string_view text = format.text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      if (!out.append(format, i, i + 1)) return false;
      continue;
    }
    const bool marked = format.is_marked(i);
    char fill = '0';
    if (text[i + 1] == '-' && i + 2 < text.size()) fill = text[++i];
    const char directive = text[++i];
    const std::string_view several = expansion(directive);
    bool known = true;
    std::string piece;
    if (several.empty()) piece = format_one(directive, time, calendar, fill, &known);
    for (std::size_t j = 0; j < several.size(); ++j) {
      if (several[j] != '%' || several[j + 1] == '%') {
        piece.push_back(several[j]);
        if (several[j] == '%') ++j;
        continue;
      }
      piece += format_one(several[++j], time, calendar, '0', &known);
    }
    if (!known) {
      return out.evaluation().fail(StatusCode::kUnsupported, "strftime_now: directive '%",
                                   directive, "' is not supported");
    }
    if (!out.append(piece, marked)) return false;
  }
  return out.evaluation().charge(text.size());
}

}  // namespace minnow

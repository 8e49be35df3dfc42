// What the program writes: answers and results to standard output, everything else to standard
// error. Colour and redrawn lines only where a terminal shows them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace minnow::program {

bool input_is_terminal();
bool output_is_terminal();
bool errors_are_terminal();

// Whether standard error may carry colour: a terminal, NO_COLOR unset, TERM not "dumb";
// CLICOLOR_FORCE says yes everywhere.
bool use_colour();
std::string dim(std::string_view text);  // as it is where there is no colour

// Writes to standard output at once. A reader that has gone ends the program quietly by SIGPIPE;
// any other failure (a full disk) is a Failure.
void write_out(std::string_view text);

// The same for a model's text: on a terminal, control characters become visible signs, so that no
// model can move the cursor or set the title.
void write_answer(std::string_view text);

// One line on standard error.
void write_note(std::string_view line);

// All of standard input, or "" when nothing is piped in (a terminal, /dev/null, closed).
std::string read_piped_input();

// The whole file; Failure names it.
std::string read_file(const std::string& path);

// Numbers as people read them: "1,117,320,768", "412 MB", "31.4", "842".
std::string with_commas(std::int64_t value);
std::string in_megabytes(double n_bytes);
std::string rate(double value);
std::string fixed(double value, int n_decimals);
std::string as_float(double value);  // the digits that a float has: 0.95, not 0.949999988079071

// The largest memory this process has had resident, in bytes.
std::int64_t peak_resident_bytes();

}  // namespace minnow::program

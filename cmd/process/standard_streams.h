// Writing to standard output and standard error.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dfsck {

// Makes sure that the descriptors 0 to 2 are in use, so that no file that is opened later becomes standard output.
// A write to a standard output that was closed then fails, as it should.
void occupy_standard_descriptors();

// Writes everything, or says what failed. A reader that went away (a pipe to head) is no failure: it has what it
// wanted.
Result<void> write_stdout(std::string_view text);

// Writes as much as can be written; whoever cannot be told is not told.
void write_stderr(std::string_view text);

}  // namespace dfsck

// What a command has to say at its end.
#pragma once

#include <string>

#include "cmd/options/options.h"

namespace dfsck {

struct Output {
  int exit_code = 0;
  std::string out;  // for standard output
  std::string err;  // for standard error
};

// A failure in the format that was asked for: "docker-fsck: <message>" on standard error, and for JSON also the
// document in place of the result.
Output failure_output(Format format, const std::string& message, int exit_code);

}  // namespace dfsck

// The whole program, but for the process around it.
#pragma once

#include <string>
#include <vector>

#include "cmd/render/output.h"

namespace dfsck {

// Runs the command that `args` (without the program's name) ask for. Writes nothing but progress and the
// files that options name; the result is returned. May throw what libraries throw on lack of memory.
Output run_program(const std::vector<std::string>& args);

}  // namespace dfsck

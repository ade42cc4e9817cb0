// Leave to change a root, for commands other than the repair itself: --yes, or an answer at the terminal.
#pragma once

#include <optional>
#include <string>

#include "cmd/render/output.h"

namespace dfsck {

// Nothing if the command may go on. Else what it ends with: "nothing was changed" after a no, a usage error where there
// is nobody to ask. `question` tells what would happen and ends in "?".
std::optional<Output> refusal(const Options& options, const std::string& question);

}  // namespace dfsck

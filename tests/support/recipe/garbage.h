// Spoils every file of Docker's own in a root at once, in one way.
#pragma once

#include <string>

#include "core/base/result.h"

namespace dfsck {

// `way`: truncate (no bytes), directory, fifo, brackets (a MiB of them), mode-0, link-out (a symbolic link to a file
// outside). Files of layers, containers' writable layers and volumes stay as they are.
Result<void> spoil_every_file(const std::string& root, const std::string& way);

}  // namespace dfsck

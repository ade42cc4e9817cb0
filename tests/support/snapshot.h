// Everything that can be seen of a directory tree, to prove that nothing of it changed.
#pragma once

#include <map>
#include <string>

#include "core/base/result.h"

namespace dfsck {

// For each path below the root (and "." itself): type, mode, owner, size, links, device, times of change and of
// modification, extended attributes, and the contents of files or the target of links. Access times are left out.
using Snapshot = std::map<std::string, std::string>;

// Reads regular files only; never opens a device or a FIFO.
Result<Snapshot> take_snapshot(const std::string& root);

// What differs, one path a line, at most ten of them; empty if nothing does.
std::string difference(const Snapshot& before, const Snapshot& after);

}  // namespace dfsck

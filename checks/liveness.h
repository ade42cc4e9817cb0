// Whether somebody works on the root while we look at it.
#pragma once

#include <string>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

// Why the root counts as in use, in words for people: processes, mounts of containers, held locks. Empty if it does
// not. Every write to a root with evidence is refused.
std::vector<std::string> live_evidence(const Model& model);

// The part of it that names who: processes, and mounts of containers.
std::vector<std::string> user_evidence(const Model& model);

// Databases that another process holds open and locked, as a daemon does (moby: flock by bbolt).
std::vector<const Database*> locked_databases(const Model& model);

}  // namespace dfsck

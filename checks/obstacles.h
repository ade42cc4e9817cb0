// What stands against repairing a root, or one thing in it.
#pragma once

#include <string>
#include <vector>

#include "checks/input.h"

namespace dfsck {

// Why nothing of this root may be changed now, each in a sentence for people: a daemon uses it, an earlier repair is
// unfinished, its filesystem is read-only or reports errors. Empty where nothing stands against it.
std::vector<std::string> repair_obstacles(const Model& model);

// For each finding, why its repair is barred; empty where nothing is. It is of class ask or lossy, and what it is about
// could not be read for want of a sound disk: what it would move aside may be all right, but for the disk. Or it takes
// something away, and not everything could be read. Or it is lossy and follows from something that can be repaired
// without a loss.
std::vector<std::string> barred_repairs(const CheckInput& input, const std::vector<Finding>& findings);

}  // namespace dfsck

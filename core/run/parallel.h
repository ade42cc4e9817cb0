// The only ways in which this program runs things in parallel.
//
// Results never depend on the number of jobs: a body writes to its own slot only, and order comes from the
// index. With one job nothing but the calling thread is used. What a body throws ends the loop early, and leaves it
// when all threads have ended.
#pragma once

#include <cstddef>
#include <functional>

#include "core/run/cancel.h"

namespace dfsck {

// Runs body(0) ... body(count - 1), at most `jobs` at a time, in roughly ascending order. Returns when all have
// ended; indices not yet begun when `cancel` is requested are skipped.
void for_each_index(size_t count, unsigned jobs, const Cancel& cancel, const std::function<void(size_t)>& body);

// The number of processors that this process may use; at least 1, at most 64.
unsigned default_jobs();

}  // namespace dfsck

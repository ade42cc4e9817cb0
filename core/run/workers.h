// Starting threads.
#pragma once

#include <functional>

namespace dfsck {

// Calls work() on this thread and, at the same time, on as many others as can be had, up to `workers` in all: a call
// does whatever there is to do, and must not wait for one that may not have begun. Returns when all have ended. Throws
// what the first of them to fail has thrown.
void run_workers(unsigned workers, const std::function<void()>& work);

}  // namespace dfsck

// Starting threads.
#pragma once

#include <functional>

namespace dfsck {

// Calls work() `workers` times, at the same time where there are threads to be had, one of the calls on the calling
// thread. Returns when all have ended. Work must not wait for a call that may not have begun. Throws what the first of
// them to fail has thrown.
void run_workers(unsigned workers, const std::function<void()>& work);

}  // namespace dfsck

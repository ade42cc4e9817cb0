// Parallel loops over indices.
#include "core/run/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>

#include "core/run/first_failure.h"
#include "core/run/workers.h"

namespace dfsck {
namespace {

// Takes the next index until none is left. One shared counter keeps the order of starts ascending, which
// matters where the longest items come first.
class IndexFeed {
 public:
  IndexFeed(size_t count, const Cancel& cancel, const std::function<void(size_t)>& body)
      : count_(count), cancel_(cancel), body_(body) {}

  void drain() {
    failure_.run([this] { work(); });
  }

  void rethrow() { failure_.rethrow(); }

 private:
  void work() {
    while (!cancel_.requested() && !failure_.any()) {
      // Relaxed, because the index is all that threads tell each other here: what a body has written is seen by the
      // caller when the threads have ended.
      const size_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) {
        return;
      }
      body_(index);
    }
  }

  const size_t count_;
  const Cancel& cancel_;
  const std::function<void(size_t)>& body_;
  std::atomic<size_t> next_{0};
  FirstFailure failure_;
};

}  // namespace

void for_each_index(size_t count, unsigned jobs, const Cancel& cancel, const std::function<void(size_t)>& body) {
  IndexFeed feed(count, cancel, body);
  const auto workers = static_cast<unsigned>(std::min<size_t>(std::max(jobs, 1U), count));
  // Not a thread for one job: a debugger, a profile and an exception then show the caller's own stack.
  if (workers <= 1) {
    feed.drain();
  } else {
    run_workers(workers, [&feed] { feed.drain(); });
  }
  feed.rethrow();
}

// The affinity mask and not the number of processors: taskset and cpusets of containers leave fewer. More than 64 would
// hardly be faster, and each has buffers of its own.
unsigned default_jobs() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) {
    return 1;
  }
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&set)), 1U, 64U);
}

}  // namespace dfsck

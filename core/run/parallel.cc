// Parallel loops on oneTBB, or on plain threads where a race detector has to understand them.
#include "core/run/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#ifndef DFSCK_PLAIN_THREADS
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#endif

namespace dfsck {
namespace {

// Takes the next index until none is left. One shared counter keeps the order of starts ascending, which
// matters where the longest items come first.
class IndexFeed {
 public:
  IndexFeed(size_t count, const Cancel& cancel, const std::function<void(size_t)>& body)
      : count_(count), cancel_(cancel), body_(body) {}

  void drain() {
    while (!cancel_.requested()) {
      const size_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) {
        return;
      }
      body_(index);
    }
  }

 private:
  const size_t count_;
  const Cancel& cancel_;
  const std::function<void(size_t)>& body_;
  std::atomic<size_t> next_{0};
};

#ifdef DFSCK_PLAIN_THREADS
void run_workers(unsigned workers, const std::function<void()>& work) {
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < workers; ++i) {
    try {
      threads.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // no more threads to be had: the ones that run, and this one, do all the work
    }
  }
  work();
}
#else
void run_workers(unsigned workers, const std::function<void()>& work) {
  // The arena bounds this loop; the global control keeps TBB from starting threads that would only idle.
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, workers);
  tbb::task_arena arena(static_cast<int>(workers));
  arena.execute([&] {
    tbb::task_group group;
    for (unsigned i = 1; i < workers; ++i) {
      group.run(work);
    }
    group.run_and_wait(work);
  });
}
#endif

}  // namespace

void for_each_index(size_t count, unsigned jobs, const Cancel& cancel, const std::function<void(size_t)>& body) {
  IndexFeed feed(count, cancel, body);
  const auto workers = static_cast<unsigned>(std::min<size_t>(std::max(jobs, 1U), count));
  if (workers <= 1) {
    feed.drain();
    return;
  }
  run_workers(workers, [&feed] { feed.drain(); });
}

unsigned default_jobs() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) {
    return 1;
  }
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&set)), 1U, 64U);
}

}  // namespace dfsck

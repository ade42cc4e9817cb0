// Tasks of oneTBB on threads of our own, of which there may be fewer than were asked for; plain threads alone where a race
// detector has to understand them.
#include "core/run/workers.h"

#include <system_error>
#include <thread>
#include <vector>

#ifndef DFSCK_PLAIN_THREADS
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#endif

#include "core/run/first_failure.h"

namespace dfsck {
namespace {

// `work` on this thread and on as many others as can be had, up to `threads` in all: those that run do all the work.
void on_threads(unsigned threads, FirstFailure& failure, const std::function<void()>& work) {
  const auto guarded = [&] { failure.run(work); };
  std::vector<std::jthread> others;
  failure.run([&] {
    try {
      others.reserve(threads);
      while (others.size() + 1 < threads) {
        others.emplace_back(guarded);
      }
    } catch (const std::system_error&) {
      // No more threads to be had.
    }
  });
  guarded();
}

}  // namespace

#ifdef DFSCK_PLAIN_THREADS
void run_workers(unsigned workers, const std::function<void()>& work) {
  FirstFailure failure;
  on_threads(workers, failure, work);
  failure.rethrow();
}
#else
void run_workers(unsigned workers, const std::function<void()>& work) {
  FirstFailure failure;
  // Each place in the arena is kept for a thread of ours, so that TBB starts none: where a thread cannot be had it throws
  // from within, or ends the process.
  tbb::task_arena arena(static_cast<int>(workers), workers);
  tbb::task_group group;
  arena.execute([&] {
    for (unsigned i = 0; i < workers; ++i) {
      group.run([&] { failure.run(work); });
    }
  });
  on_threads(workers, failure, [&] { arena.execute([&] { group.wait(); }); });
  failure.rethrow();
}
#endif

}  // namespace dfsck

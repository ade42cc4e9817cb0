// Tasks of oneTBB on threads of our own, of which there may be fewer than were asked for; plain threads alone where a
// race detector has to understand them.
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
  // jthread: whatever happens below, all are joined before `work` and what it refers to go away.
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
  // This thread works as well, so that with no other thread to be had the work is done all the same.
  guarded();
}

#ifndef DFSCK_PLAIN_THREADS
bool initialized(tbb::task_arena& arena) noexcept {
  try {
    arena.initialize();
    return true;
  } catch (...) {
    return false;
  }
}

// TBB sets itself up at its first use. Where it is short of memory then it keeps a lock, and the second use hangs: so
// the first is here, before the program itself takes any memory, and if it fails there is no second.
const bool tbb_is_set_up = [] {
  tbb::task_arena arena(1, 1);
  return initialized(arena);
}();

// `work` as a task in the arena, begun at once on this thread: a task that is put into a queue has to be allocated, and
// where that fails its group waits for it for ever. What TBB cannot have for itself it throws before the task begins;
// the work is done without it then.
void as_task(tbb::task_arena& arena, FirstFailure& failure, const std::function<void()>& work) {
  bool begun = false;
  const auto task = [&] {
    begun = true;
    failure.run(work);
  };
  try {
    arena.execute([&] { tbb::task_group().run_and_wait(task); });
  } catch (...) {
    if (!begun) {
      task();
    }
  }
}
#endif

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
  // Each place in the arena is kept for a thread of ours, so that TBB starts none: where a thread cannot be had it
  // throws from within, or ends the process. It is made ready here: where the first of several threads fails at that,
  // the others wait for it for ever.
  tbb::task_arena arena(static_cast<int>(workers), workers);
  if (tbb_is_set_up && initialized(arena)) {
    on_threads(workers, failure, [&] { as_task(arena, failure, work); });
  } else {
    on_threads(workers, failure, work);
  }
  failure.rethrow();
}
#endif

}  // namespace dfsck

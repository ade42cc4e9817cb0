// Threads of oneTBB, or plain ones where a race detector has to understand them.
#include "core/run/workers.h"

#ifdef DFSCK_PLAIN_THREADS
#include <system_error>
#include <thread>
#include <vector>
#else
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#endif

namespace dfsck {

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

}  // namespace dfsck

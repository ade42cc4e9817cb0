// A parallel loop whose bodies may give away parts of their work: for things of very different sizes, like directory
// trees.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "core/run/cancel.h"
#include "core/run/first_failure.h"

namespace dfsck {

// Handed to the bodies. Thread-safe.
class SharedWork {
 public:
  using Task = std::function<void()>;

  // Gives `task` to another thread. False, and the task is untouched, where enough is waiting already: the caller then
  // does it itself, so that what waits is bounded. With one job it is always false. A task may offer tasks itself.
  bool offer(Task& task);

 private:
  friend void for_each_shared(size_t count, unsigned jobs, const Cancel& cancel,
                              const std::function<void(size_t, SharedWork&)>& body);

  SharedWork(size_t count, unsigned jobs, const Cancel& cancel, const std::function<void(size_t, SharedWork&)>& body)
      : count_(count), most_waiting_(jobs > 1 ? size_t{jobs} * 2 : 0), cancel_(cancel), body_(body) {}
  void work();

  const size_t count_;
  const size_t most_waiting_;
  const Cancel& cancel_;
  const std::function<void(size_t, SharedWork&)>& body_;
  std::mutex mutex_;
  std::condition_variable changed_;
  FirstFailure failure_;
  // Guarded by the mutex.
  std::deque<Task> waiting_;
  size_t next_ = 0;
  size_t active_ = 0;
};

// Runs body(0, work) ... body(count - 1, work) and all that they give away, with `jobs` threads; indices begin in
// ascending order, but only when nothing is waiting. Returns when all have ended. Indices not yet begun when `cancel`
// is requested are skipped; tasks that were given away are always run. What a body or a task throws keeps further
// indices from being begun, and leaves this when all have ended.
void for_each_shared(size_t count, unsigned jobs, const Cancel& cancel,
                     const std::function<void(size_t, SharedWork&)>& body);

}  // namespace dfsck

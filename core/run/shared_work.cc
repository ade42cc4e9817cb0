// One queue under one lock: tasks are directories and large files, thousands a second at most.
#include "core/run/shared_work.h"

#include <algorithm>
#include <utility>

#include "core/run/workers.h"

namespace dfsck {

// False is no failure but backpressure: a tree of a million directories would otherwise become a queue of a million
// tasks.
bool SharedWork::offer(Task& task) {
  if (most_waiting_ == 0) {
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= most_waiting_) {
      return false;
    }
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void SharedWork::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    Task task;
    if (!waiting_.empty()) {
      task = std::move(waiting_.back());  // the youngest: what is small and deep ends before more is begun
      waiting_.pop_back();
    } else if (next_ < count_ && !cancel_.requested()) {
      // A new index only when nothing waits: work that was given away keeps its body from ending, and with it buffers
      // and descriptors from being given back.
      task = [this, index = next_++] { body_(index, *this); };
    } else if (active_ == 0) {
      // This thread saw that nothing waits, nothing is left and nobody is active who could still offer anything. The
      // others sleep in the wait below and have to see it as well.
      changed_.notify_all();
      return;
    } else {
      changed_.wait(lock);
      continue;
    }
    ++active_;
    lock.unlock();
    const bool done = failure_.run(task);
    // What the task has captured is let go without the lock: it may be the last owner of something whose end takes a
    // while.
    task = nullptr;
    lock.lock();
    --active_;
    if (!done) {
      next_ = count_;  // what was given away belongs to bodies that wait for it: it is run all the same
    }
  }
}

void for_each_shared(size_t count, unsigned jobs, const Cancel& cancel,
                     const std::function<void(size_t, SharedWork&)>& body) {
  SharedWork shared(count, std::max(jobs, 1U), cancel, body);
  run_workers(std::max(jobs, 1U), [&shared] { shared.work(); });
  shared.failure_.rethrow();
}

}  // namespace dfsck

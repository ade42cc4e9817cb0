// The user's wish to stop, or the need to, seen by every loop.
#pragma once

#include <atomic>

#include "core/base/shortage.h"

namespace dfsck {

// A flag that a signal handler or another thread sets and that loops poll once per item or buffer. A shortage sets it
// as well: what is still to be read could not be judged any more.
class Cancel {
 public:
  void request() { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed) || is_short(); }

 private:
  std::atomic<bool> requested_{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "the flag is set from a signal handler");
};

}  // namespace dfsck

// Steps that must run one after the other, beside the thread that makes them where another is idle.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/run/shared_work.h"

namespace dfsck {

// A stage of a pipeline. Steps run in the order in which they were pushed, never two at once, each after all that the
// thread that pushed it had done. To be used by one thread.
class Strand {
 public:
  using Step = std::function<void()>;

  // `helpers`: whose threads may run steps; null where the pushing thread runs them all, at once. `most_waiting`: of
  // the weight of steps that wait or run; so much that a helper has something to do while the next steps are made.
  Strand(SharedWork* helpers, uint64_t most_waiting);
  // Runs what has not run yet, and keeps what it throws to itself.
  ~Strand();
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  // `weight`: how much work the step is, and what waits with it, in units of the caller's choice. Where nobody helps,
  // this thread runs steps itself, so that what they work on does not grow cold.
  void push(uint64_t weight, Step step);
  // Returns when all steps have run. This, or a push before it, throws what a step has thrown, wherever that ran.
  void finish();

 private:
  class Queue;

  SharedWork* const helpers_;
  const std::shared_ptr<Queue> queue_;  // shared with those who help
};

}  // namespace dfsck

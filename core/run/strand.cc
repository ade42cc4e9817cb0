// A queue that is emptied by one thread at a time.
#include "core/run/strand.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "core/run/first_failure.h"

namespace dfsck {

// Three parties: the pusher, which makes steps; a helper, a task on another thread that was asked for by SharedWork and
// may come at once, late, or when all is over; and whoever of the two runs steps at the moment (`running_`). The queue
// is shared, because a helper may come after the Strand is gone.
//
// Why not a thread of its own for each strand: there are about as many strands as jobs, and when all processors are
// busy the pusher is best off running its steps itself, while the bytes are in its cache. Only where a processor would
// stand idle does a helper come, which is what its coming shows.
class Strand::Queue : public std::enable_shared_from_this<Queue> {
 public:
  explicit Queue(uint64_t most_waiting) : most_waiting_(most_waiting) {}

  void push(uint64_t weight, Step step, SharedWork* helpers) {
    std::unique_lock lock(mutex_);
    waiting_.emplace_back(weight, std::move(step));
    weight_ += weight;
    // One helper at a time: a second could do nothing, because steps never run side by side. If the offer is refused,
    // others have enough to do, and it is asked again at the next push.
    if (!running_ && !asked_ && helpers != nullptr) {
      SharedWork::Task help = [self = shared_from_this()] { self->help(); };
      asked_ = helpers->offer(help);
    }
    // Nobody was asked: the steps are run here, now. Somebody was asked but has not come: this thread lets half of what
    // may wait gather, then begins itself, and lets go between two steps as soon as the helper is there.
    if (!running_ && (!asked_ || weight_ >= most_waiting_ / 2)) {
      run_waiting(lock, [this] { return help_is_here_; });
    }
    // Never waits for a helper that may not come: with nobody running and nobody here, this thread goes on, and the
    // next push runs what has gathered. A helper that is here is bound to take over, because run_waiting above has let
    // go for it.
    changed_.wait(lock, [this] { return weight_ < most_waiting_ || (!running_ && !help_is_here_); });
    failure_.rethrow();
  }

  // What the helper is running is waited for; what is still waiting is run here. A helper that comes later finds an
  // empty queue and goes.
  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !running_; });
    run_waiting(lock, [] { return false; });
  }

  void rethrow() { failure_.rethrow(); }

 private:
  void help() {
    std::unique_lock lock(mutex_);
    // Said before it waits for its turn, so that the pusher stops between two steps. From here on the pusher may rely
    // on it.
    help_is_here_ = true;
    changed_.wait(lock, [this] { return !running_; });
    // The queue is drained by this thread from here on, which `running_` says; when it is empty the helper goes back to
    // other work, and the next push asks for a new one.
    help_is_here_ = asked_ = false;
    run_waiting(lock, [] { return false; });
  }

  // Until nothing waits, or `done` says so between two steps. Behind a step that failed the others are dropped: they
  // build upon it.
  template <typename Done>
  void run_waiting(std::unique_lock<std::mutex>& lock, Done done) {
    running_ = true;
    while (!waiting_.empty() && !done()) {
      // Order holds because steps are taken from the front under the lock and run by the one thread for which
      // `running_` stands; each step sees what those before it did, because that thread had the lock between them.
      auto [weight, step] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      if (!failure_.any()) {
        failure_.run(step);
      }
      // Buffers that the step owns are let go before its weight is taken off: weight is what bounds memory.
      step = nullptr;
      lock.lock();
      weight_ -= weight;
      changed_.notify_all();
    }
    running_ = false;
    changed_.notify_all();
  }

  const uint64_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  FirstFailure failure_;
  // Guarded by the mutex.
  std::deque<std::pair<uint64_t, Step>> waiting_;
  uint64_t weight_ = 0;  // of what waits or runs
  bool running_ = false;
  bool asked_ = false;         // a helper is to come
  bool help_is_here_ = false;  // and waits for its turn
};

Strand::Strand(SharedWork* helpers, uint64_t most_waiting)
    : helpers_(helpers), queue_(std::make_shared<Queue>(most_waiting)) {}

// Steps refer to what the owner of the strand owns, so none may run after this; what they throw has nobody left to hear
// it.
Strand::~Strand() { queue_->finish(); }

void Strand::push(uint64_t weight, Step step) { queue_->push(weight, std::move(step), helpers_); }

void Strand::finish() {
  queue_->finish();
  queue_->rethrow();
}

}  // namespace dfsck

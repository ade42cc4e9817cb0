// A queue that is emptied by one thread at a time.
#include "core/run/strand.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "core/run/first_failure.h"

namespace dfsck {

class Strand::Queue : public std::enable_shared_from_this<Queue> {
 public:
  explicit Queue(uint64_t most_waiting) : most_waiting_(most_waiting) {}

  void push(uint64_t weight, Step step, SharedWork* helpers) {
    std::unique_lock lock(mutex_);
    waiting_.emplace_back(weight, std::move(step));
    weight_ += weight;
    if (!running_ && !asked_ && helpers != nullptr) {
      SharedWork::Task help = [self = shared_from_this()] { self->help(); };
      asked_ = helpers->offer(help);
    }
    if (!running_ && (!asked_ || weight_ >= most_waiting_ / 2)) {
      run_waiting(lock, [this] { return help_is_here_; });
    }
    changed_.wait(lock, [this] { return weight_ < most_waiting_ || (!running_ && !help_is_here_); });
    failure_.rethrow();
  }

  void finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !running_; });
    run_waiting(lock, [] { return false; });
  }

  void rethrow() { failure_.rethrow(); }

 private:
  void help() {
    std::unique_lock lock(mutex_);
    help_is_here_ = true;
    changed_.wait(lock, [this] { return !running_; });
    help_is_here_ = asked_ = false;
    run_waiting(lock, [] { return false; });
  }

  // Until nothing waits, or `done` says so between two steps. Behind a step that failed the others are dropped: they
  // build upon it.
  template <typename Done>
  void run_waiting(std::unique_lock<std::mutex>& lock, Done done) {
    running_ = true;
    while (!waiting_.empty() && !done()) {
      auto [weight, step] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      if (!failure_.any()) {
        failure_.run(step);
      }
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
  uint64_t weight_ = 0;        // of what waits or runs
  bool running_ = false;
  bool asked_ = false;         // a helper is to come
  bool help_is_here_ = false;  // and waits for its turn
};

Strand::Strand(SharedWork* helpers, uint64_t most_waiting)
    : helpers_(helpers), queue_(std::make_shared<Queue>(most_waiting)) {}

Strand::~Strand() { queue_->finish(); }

void Strand::push(uint64_t weight, Step step) { queue_->push(weight, std::move(step), helpers_); }

void Strand::finish() {
  queue_->finish();
  queue_->rethrow();
}

}  // namespace dfsck

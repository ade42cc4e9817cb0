// The bucket is a moment in time: it moves ahead with each byte, and whoever finds it too far ahead sleeps.
#include "core/run/rate_limit.h"

#include <algorithm>
#include <thread>

namespace dfsck {

void RateLimit::take(uint64_t bytes, const Cancel& cancel) {
  using std::chrono::milliseconds;
  if (bytes_per_second_ == 0) {
    return;
  }
  constexpr milliseconds kBurst(100);
  constexpr milliseconds kNap(50);  // between two looks at the user's wish to stop
  Clock::time_point until;
  {
    const std::lock_guard lock(mutex_);
    const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second_);
    // Time in which nothing was moved is credited up to the burst, so that a pause is not followed by a flood.
    free_at_ = std::max(free_at_, Clock::now() - kBurst) +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    until = free_at_;
  }
  for (Clock::time_point now = Clock::now(); now < until && !cancel.requested(); now = Clock::now()) {
    std::this_thread::sleep_for(std::min<Clock::duration>(until - now, kNap));
  }
}

}  // namespace dfsck

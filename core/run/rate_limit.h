// A bound on bytes per second that all threads share.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "core/run/cancel.h"

namespace dfsck {

// A token bucket that holds a tenth of a second's worth. Thread-safe.
class RateLimit {
 public:
  // 0: no limit.
  explicit RateLimit(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Accounts for bytes that were moved and waits until more may be. Returns early when cancelled.
  void take(uint64_t bytes, const Cancel& cancel);

 private:
  using Clock = std::chrono::steady_clock;

  const uint64_t bytes_per_second_;
  std::mutex mutex_;
  Clock::time_point free_at_{};  // when all that was taken has been paid for
};

}  // namespace dfsck

// Shows on standard error how far a check is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cmd/options/options.h"
#include "cmd/terminal/progress_lines.h"

namespace dfsck {

// What `auto` means here: a bar on a terminal, plain lines elsewhere, nothing with --quiet.
ProgressStyle progress_style(ProgressStyle wanted, Detail detail);

// From its construction to its destruction a thread of its own reads `progress` now and then and shows it; the
// check is not slowed down. `style` must not be Auto. The destructor clears the bar, so that nothing of it stays.
class ProgressDisplay {
 public:
  ProgressDisplay(const Progress& progress, ProgressStyle style);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void show();
  ProgressSample sample();

  const Progress& progress_;
  const ProgressStyle style_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point content_started_{};  // of the display's thread alone
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;    // guarded by mutex_
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace dfsck

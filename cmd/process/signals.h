// SIGINT, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once.
#pragma once

#include "core/run/cancel.h"

namespace dfsck {

// While it lives, the first signal requests `cancel` and says so on standard error; the next ends the process with exit
// code 32. At most one at a time. The former handling comes back with the destructor.
class SignalGuard {
 public:
  explicit SignalGuard(Cancel& cancel);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

// Tells the handler whether a line of progress stands on the terminal that must be cleared before anything is said.
void progress_line_shown();
void progress_line_cleared();

}  // namespace dfsck

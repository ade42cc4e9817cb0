// Handlers do nothing but set lock-free flags, write(2) and _exit(2).
#include "cmd/process/signals.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "cmd/options/exit_codes.h"

namespace dfsck {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

// Global, since a handler is given nothing. One at a time is enough: commands do not nest.
std::atomic<Cancel*> current_cancel{nullptr};
std::atomic<bool> line_shown{false};
std::array<struct sigaction, kSignals.size()> former_actions;

static_assert(std::atomic<Cancel*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

// write(2) and nothing else: a handler may have interrupted the allocator.
void say(std::string_view text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) {
    return;  // nobody can be told
  }
}

// At the first signal a repair ends the step that it is in and says so in its journal, which takes a
// moment. The second is for whoever does not want to wait: what is left then is for recover.
void on_signal(int) {
  const int saved_errno = errno;
  if (line_shown.load()) {
    say("\r\x1b[K");
  }
  Cancel* cancel = current_cancel.load();
  if (cancel == nullptr || cancel->requested()) {
    ::_exit(kExitCancelled);
  }
  cancel->request();
  say("docker-fsck: stopping; a second signal ends it at once\n");
  errno = saved_errno;
}

}  // namespace

SignalGuard::SignalGuard(Cancel& cancel) {
  current_cancel.store(&cancel);
  struct sigaction action {};
  action.sa_handler = on_signal;
  // So that no call in the middle of a write comes back half done. What waits for people polls in short turns.
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &former_actions[i]);
    // Whoever had a signal ignored before this program began wants it ignored.
    if (former_actions[i].sa_handler != SIG_IGN) {  // as under nohup
      sigaction(kSignals[i], &action, nullptr);
    }
  }
}

SignalGuard::~SignalGuard() {
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &former_actions[i], nullptr);
  }
  current_cancel.store(nullptr);
}

void progress_line_shown() { line_shown.store(true); }
void progress_line_cleared() { line_shown.store(false); }

}  // namespace dfsck

// Asks the kernel and the environment about terminals.
#include "cmd/terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace dfsck {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

// "dumb" is what editors and some logs say of themselves: they show control characters as they are.
bool is_capable_terminal(int fd) { return ::isatty(fd) == 1 && environment("TERM") != "dumb"; }

size_t terminal_width(int fd) {
  constexpr size_t kUsual = 80;
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

// NO_COLOR counts only where nothing was said: --color always means always.
Paint::Use paint_for(ColorMode mode) {
  const bool automatic = environment("NO_COLOR").empty() && is_capable_terminal(STDOUT_FILENO);
  return mode == ColorMode::Always || (mode == ColorMode::Auto && automatic) ? Paint::Use::Yes : Paint::Use::No;
}

// Longer lines are hard to read, however wide the window is.
size_t prose_width() {
  constexpr size_t kWidest = 110;
  return is_capable_terminal(STDOUT_FILENO) ? std::min(terminal_width(STDOUT_FILENO), kWidest) : 0;
}

}  // namespace dfsck

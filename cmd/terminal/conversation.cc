// Reads with poll(2), so that a signal ends the wait for an answer.
#include "cmd/terminal/conversation.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace dfsck {
namespace {

// Somebody may paste a file; answers are one letter.
constexpr size_t kLongestLine = 1000;
// A signal may come between the look at the flag and the call that waits. So it never waits for long.
constexpr int kPollMilliseconds = 200;

// Reads and writes the terminal itself, without buffers: standard output may be a file that gets the
// report, and questions are not part of that.
class Terminal : public Conversation {
 public:
  explicit Terminal(std::FILE* file) : file_(file, &std::fclose) {}

  // A terminal that does not take it has nobody in front of it.
  void say(std::string_view text) override {
    while (!text.empty()) {
      const ssize_t written = ::write(fileno(file_.get()), text.data(), text.size());
      if (written <= 0 && errno != EINTR) {
        return;  // a person who went away; read_line will say so
      }
      text.remove_prefix(written > 0 ? static_cast<size_t>(written) : 0);
    }
  }

  // Nothing at the end of input, when the terminal is gone, and when a signal has come. All of
  // these mean the same: nobody has said yes.
  std::optional<std::string> read_line(const Cancel& cancel) override {
    std::string line;
    while (!cancel.requested()) {
      pollfd wanted{fileno(file_.get()), POLLIN, 0};
      if (::poll(&wanted, 1, kPollMilliseconds) <= 0) {
        continue;
      }
      char c = 0;
      const ssize_t got = ::read(wanted.fd, &c, 1);
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
        return std::nullopt;
      }
      if (got == 1 && c == '\n') {
        return line;
      }
      if (got == 1 && line.size() < kLongestLine) {
        line += c;
      }
    }
    return std::nullopt;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace

// Standard input decides whether somebody is there. "yes | docker-fsck" is no person: for that there is
// --yes, which says in a log what was agreed to.
std::unique_ptr<Conversation> open_terminal() {
  if (::isatty(STDIN_FILENO) != 1) {
    return nullptr;
  }
  std::FILE* file = std::fopen("/dev/tty", "r+e");
  return file != nullptr ? std::make_unique<Terminal>(file) : nullptr;
}

}  // namespace dfsck

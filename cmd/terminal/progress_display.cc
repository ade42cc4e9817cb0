// The thread behind the display.
#include "cmd/terminal/progress_display.h"

#include <unistd.h>

#include <new>
#include <system_error>

#include "cmd/process/signals.h"
#include "cmd/process/standard_streams.h"
#include "cmd/terminal/terminal.h"

namespace dfsck {
namespace {

using std::chrono::milliseconds;

// How long to wait before the first and before each following line. A log of a short run stays empty.
struct Pace {
  milliseconds first;
  milliseconds next;
};

// A log keeps what it is given, so plain lines are rare. A program that reads JSON lines decides
// itself what it shows, and a bar has to move.
Pace pace_of(ProgressStyle style) {
  switch (style) {
    case ProgressStyle::Plain: return {milliseconds(5000), milliseconds(30000)};
    case ProgressStyle::Json: return {milliseconds(1000), milliseconds(1000)};
    default: return {milliseconds(400), milliseconds(125)};
  }
}

}  // namespace

// Standard error alone decides: a report that goes into a file is no reason to wait in the dark.
ProgressStyle progress_style(ProgressStyle wanted, Detail detail) {
  if (wanted != ProgressStyle::Auto) {
    return wanted;
  }
  if (detail == Detail::Quiet) {
    return ProgressStyle::None;
  }
  return is_capable_terminal(STDERR_FILENO) ? ProgressStyle::Bar : ProgressStyle::Plain;
}

ProgressDisplay::ProgressDisplay(const Progress& progress, ProgressStyle style) : progress_(progress), style_(style) {
  if (style_ == ProgressStyle::None) {
    return;
  }
  // Work goes on without a display where there is no thread, or no memory, for one.
  try {
    thread_ = std::thread([this] {
      try {
        run();
      } catch (const std::bad_alloc&) {
      }
    });
  } catch (const std::system_error&) {
  }
}

// Returns when the thread has ended: nothing of the display may be written behind what comes next.
ProgressDisplay::~ProgressDisplay() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
  if (style_ == ProgressStyle::Bar) {
    write_stderr("\r\x1b[K");
    // So that a signal which comes now does not clear a line of somebody else's.
    progress_line_cleared();
  }
}

// Waits on a condition and not by sleeping: a check of a second must not take half a second longer to end.
void ProgressDisplay::run() {
  const Pace pace = pace_of(style_);
  std::unique_lock lock(mutex_);
  bool over = ended_.wait_for(lock, pace.first, [this] { return end_; });
  while (!over) {
    show();
    over = ended_.wait_for(lock, pace.next, [this] { return end_; });
  }
}

// The rate counts from the first byte of contents. The scan before it reads none, and would make the
// estimate of what is left too long by far.
ProgressSample ProgressDisplay::sample() {
  ProgressSample now = sample_of(progress_);
  const Clock::time_point time = Clock::now();
  now.elapsed_seconds = std::chrono::duration<double>(time - started_).count();
  if (now.bytes_done > 0 && content_started_ == Clock::time_point{}) {
    content_started_ = time;
  }
  if (content_started_ != Clock::time_point{}) {
    now.content_seconds = std::chrono::duration<double>(time - content_started_).count();
  }
  return now;
}

// Nothing is locked for the numbers: what is counted goes on meanwhile.
void ProgressDisplay::show() {
  const ProgressSample now = sample();
  if (style_ == ProgressStyle::Bar) {
    // One column stays free: a full line would make some terminals scroll.
    progress_line_shown();
    write_stderr("\r" + progress_bar_line(now, terminal_width(STDERR_FILENO) - 1) + "\x1b[K");
  } else if (style_ == ProgressStyle::Plain) {
    write_stderr("docker-fsck: " + progress_plain_line(now) + "\n");
  } else {
    write_stderr(progress_json_line(now) + "\n");
  }
}

}  // namespace dfsck

// Signals and output that cannot be written.
#include "cmd/process/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "cmd/process/standard_streams.h"

namespace dfsck {
namespace {

TEST(SignalGuard, TheFirstSignalAsksForTheEnd) {
  Cancel cancel;
  testing::internal::CaptureStderr();
  {
    const SignalGuard guard(cancel);
    EXPECT_FALSE(cancel.requested());
    std::raise(SIGTERM);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "docker-fsck: stopping; a second signal ends it at once\n");
  EXPECT_TRUE(cancel.requested());
}

TEST(SignalGuardDeathTest, TheSecondEndsAtOnceAndLeavesTheTerminalClean) {
  EXPECT_EXIT(
      {
        // A shell ignores SIGINT for what it starts in the background, and an ignored signal stays ignored.
        std::signal(SIGINT, SIG_DFL);
        Cancel cancel;
        const SignalGuard guard(cancel);
        std::raise(SIGINT);
        progress_line_shown();
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(32), "at once\n\r\x1b\\[K$");
}

TEST(SignalGuardDeathTest, TheFormerHandlingComesBack) {
  EXPECT_EXIT(
      {
        Cancel cancel;
        { const SignalGuard guard(cancel); }
        std::raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

// What write_stdout says when standard output is `fd`.
std::string written_to(int fd) {
  const int saved = ::dup(STDOUT_FILENO);
  ::dup2(fd, STDOUT_FILENO);
  const Result<void> result = write_stdout("text");
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  return result ? "written" : result.error().message();
}

TEST(StandardStreams, AFullDiskIsAnErrorAndAReaderThatLeftIsNone) {
  std::signal(SIGPIPE, SIG_IGN);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(written_to(full), "write standard output: No space left on device");
  ::close(full);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(written_to(ends[1]), "written");
  ::close(ends[1]);
}

}  // namespace
}  // namespace dfsck

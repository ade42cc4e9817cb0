// Progress: what a line says, that it never wraps, and that nothing of it stays.
#include "cmd/terminal/progress_lines.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "cmd/terminal/progress_display.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

ProgressSample in_content() {
  ProgressSample sample;
  sample.phase = Progress::Phase::Content;
  sample.items_done = 3;
  sample.items_total = 10;
  sample.bytes_done = 1'000'000'000;
  sample.bytes_total = 4'000'000'000;
  sample.elapsed_seconds = 3;
  sample.content_seconds = 2;
  return sample;
}

TEST(ProgressLines, SayHowFarHowFastAndHowLong) {
  EXPECT_EQ(progress_plain_line(in_content()), "checking contents: 25%, 1.0 GB of 4.0 GB, 500.0 MB/s, about 7 s left");
  EXPECT_EQ(progress_bar_line(in_content(), 79),
            "checking contents  25% [##       ] 1.0 GB of 4.0 GB, 500.0 MB/s, about 7 s left");
}

TEST(ProgressLines, WithoutTotalsSayWhatIsDone) {
  ProgressSample sample;
  sample.phase = Progress::Phase::Scanning;
  sample.items_done = 12;
  EXPECT_EQ(progress_plain_line(sample), "scanning: 12 directories");
  EXPECT_EQ(progress_bar_line(sample, 79), "scanning 12 directories");
  EXPECT_EQ(progress_plain_line(ProgressSample{}), "starting");
}

TEST(ProgressLines, NeverExceedTheWidth) {
  for (size_t width = 0; width < 120; ++width) {
    EXPECT_LE(progress_bar_line(in_content(), width).size(), width);
  }
}

TEST(ProgressLines, MoreDoneThanExpectedIsOneHundredPercent) {
  ProgressSample sample = in_content();
  sample.bytes_done = 5'000'000'000;
  EXPECT_EQ(progress_plain_line(sample), "checking contents: 100%, 5.0 GB of 5.0 GB, 2.5 GB/s");
}

TEST(ProgressLines, JsonIsJson) {
  const Result<JsonValue> parsed = parse_json(progress_json_line(in_content()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed->get("phase").as_string(), "content");
  EXPECT_EQ(parsed->get("bytes_per_second").as_uint64(), 500'000'000U);
}

// Standard error while `body` runs.
std::string captured(void (*body)()) {
  testing::internal::CaptureStderr();
  body();
  return testing::internal::GetCapturedStderr();
}

TEST(ProgressDisplay, IsSilentInShortRuns) {
  EXPECT_EQ(captured([] {
              Progress progress;
              const ProgressDisplay display(progress, ProgressStyle::Plain);
              std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }),
            "");
}

TEST(ProgressDisplay, ClearsItsLine) {
  const std::string shown = captured([] {
    Progress progress;
    progress.phase = Progress::Phase::Scanning;
    const ProgressDisplay display(progress, ProgressStyle::Bar);
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
  });
  EXPECT_EQ(shown.find("\rscanning\x1b[K"), 0U);
  EXPECT_TRUE(shown.ends_with("\r\x1b[K"));
  EXPECT_EQ(shown.find('\n'), std::string::npos);
}

TEST(ProgressDisplay, AutoIsPlainWhereThereIsNoTerminal) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(progress_style(ProgressStyle::Auto, Detail::Normal), ProgressStyle::Plain);
  EXPECT_EQ(progress_style(ProgressStyle::Auto, Detail::Quiet), ProgressStyle::None);
  EXPECT_EQ(progress_style(ProgressStyle::Bar, Detail::Quiet), ProgressStyle::Bar);
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace dfsck

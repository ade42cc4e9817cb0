// One moment of a running check, as a line. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "core/run/progress.h"

namespace dfsck {

struct ProgressSample {
  Progress::Phase phase = Progress::Phase::Starting;
  uint64_t items_done = 0;
  uint64_t items_total = 0;
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
  double elapsed_seconds = 0;  // since the start of the check
  double content_seconds = 0;  // since the first byte of content

  uint64_t bytes_per_second() const;  // 0 while unknown
};

ProgressSample sample_of(const Progress& progress);  // without the times

// For a terminal: at most `width` columns, so that it never wraps; what does not fit is left out, the bar first.
std::string progress_bar_line(const ProgressSample& sample, size_t width);

// For a log, without a newline: "checking contents: 45%, 1.9 GB of 4.3 GB, 2.1 GB/s, about 1 s left".
std::string progress_plain_line(const ProgressSample& sample);

// A JSON object on one line, without a newline.
std::string progress_json_line(const ProgressSample& sample);

}  // namespace dfsck

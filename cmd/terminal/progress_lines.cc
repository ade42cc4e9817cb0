// Formats progress.
#include "cmd/terminal/progress_lines.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/text.h"

namespace dfsck {
namespace {

std::string_view phase_words(Progress::Phase phase) {
  switch (phase) {
    case Progress::Phase::Starting: return "starting";
    case Progress::Phase::Scanning: return "scanning";
    case Progress::Phase::Checking: return "checking structure";
    case Progress::Phase::Content: return "checking contents";
    case Progress::Phase::Loading: return "loading";
    case Progress::Phase::Repairing: return "repairing";
    case Progress::Phase::Copying: return "copying";
    case Progress::Phase::Verifying: return "reading back";
    case Progress::Phase::Saving: return "saving";
    case Progress::Phase::Done: return "done";
  }
  return "";
}

// For programs: these do not change when the words for people do.
std::string_view phase_key(Progress::Phase phase) {
  switch (phase) {
    case Progress::Phase::Starting: return "starting";
    case Progress::Phase::Scanning: return "scanning";
    case Progress::Phase::Checking: return "checking";
    case Progress::Phase::Content: return "content";
    case Progress::Phase::Loading: return "loading";
    case Progress::Phase::Repairing: return "repairing";
    case Progress::Phase::Copying: return "copying";
    case Progress::Phase::Verifying: return "verifying";
    case Progress::Phase::Saving: return "saving";
    case Progress::Phase::Done: return "done";
  }
  return "";
}

// Phases whose work is bytes.
bool counts_bytes(Progress::Phase phase) {
  return phase == Progress::Phase::Content || phase == Progress::Phase::Copying ||
         phase == Progress::Phase::Verifying || phase == Progress::Phase::Saving || phase == Progress::Phase::Loading;
}

// In the same words as the report counts them.
std::string_view noun_of(Progress::Phase phase) {
  switch (phase) {
    case Progress::Phase::Content:
    case Progress::Phase::Saving:
    case Progress::Phase::Loading: return "layer";
    case Progress::Phase::Repairing: return "step";
    case Progress::Phase::Copying:
    case Progress::Phase::Verifying: return "part";
    default: return "directory";
  }
}

// How much of the phase is done, 0 to 1; totals are estimates, so that done may be more than total.
// Bytes where the work is bytes: a layer of some gigabytes and one of a few files are one item each.
std::optional<double> fraction(const ProgressSample& sample) {
  const bool by_bytes = counts_bytes(sample.phase) && sample.bytes_total > 0;
  const uint64_t done = by_bytes ? sample.bytes_done : sample.items_done;
  const uint64_t total = by_bytes ? sample.bytes_total : sample.items_total;
  if (total == 0) {
    return std::nullopt;
  }
  return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

// Two units are enough: the estimate is not better than that.
std::string duration(uint64_t seconds) {
  if (seconds < 60) {
    return std::to_string(seconds) + " s";
  }
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

// The pieces after the percentage, most wanted first.
// In this order because a narrow terminal takes as many as fit.
std::vector<std::string> details(const ProgressSample& sample) {
  std::vector<std::string> parts;
  const std::string_view noun = noun_of(sample.phase);
  if (counts_bytes(sample.phase) && sample.bytes_total > 0) {
    parts.push_back(human_bytes(sample.bytes_done) + " of " +
                    human_bytes(std::max(sample.bytes_done, sample.bytes_total)));
  } else if (sample.items_total > 0) {
    parts.push_back(std::to_string(sample.items_done) + " of " + counted(sample.items_total, noun));
  } else if (sample.items_done > 0) {
    parts.push_back(counted(sample.items_done, noun));
  }
  if (const uint64_t rate = sample.bytes_per_second(); rate > 0 && counts_bytes(sample.phase)) {
    parts.push_back(human_bytes(rate) + "/s");
    if (sample.bytes_total > sample.bytes_done) {
      parts.push_back("about " + duration((sample.bytes_total - sample.bytes_done) / rate + 1) + " left");
    }
  }
  return parts;
}

std::string percent(double part) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%3d%%", static_cast<int>(part * 100));
  return buffer.data();
}

std::string bar(double part, size_t width) {
  std::string text(width, ' ');
  std::fill_n(text.begin(), static_cast<size_t>(part * static_cast<double>(width)), '#');
  return "[" + text + "]";
}

}  // namespace

uint64_t ProgressSample::bytes_per_second() const {
  // The first files are often small, or in memory already.
  constexpr double kShortest = 0.5;  // before that a rate says nothing
  return content_seconds < kShortest ? 0 : static_cast<uint64_t>(static_cast<double>(bytes_done) / content_seconds);
}

// Each number for itself: they may be a little apart, which nobody sees.
ProgressSample sample_of(const Progress& progress) {
  ProgressSample sample;
  sample.phase = progress.phase.load(std::memory_order_relaxed);
  sample.items_done = progress.items_done.load(std::memory_order_relaxed);
  sample.items_total = progress.items_total.load(std::memory_order_relaxed);
  sample.bytes_done = progress.bytes_done.load(std::memory_order_relaxed);
  sample.bytes_total = progress.bytes_total.load(std::memory_order_relaxed);
  return sample;
}

// Never longer than the width, since a line that wraps cannot be written over.
std::string progress_bar_line(const ProgressSample& sample, size_t width) {
  constexpr size_t kNarrowestBar = 8;
  constexpr size_t kWidestBar = 40;
  const std::optional<double> part = fraction(sample);
  const std::string head = std::string(phase_words(sample.phase)) + (part ? " " + percent(*part) : "");
  std::string tail;
  for (const std::string& detail : details(sample)) {
    if (head.size() + tail.size() + detail.size() + 2 <= width) {
      tail += (tail.empty() ? " " : ", ") + detail;
    }
  }
  const size_t used = head.size() + tail.size() + 3;  // a blank and two brackets
  if (part && used + kNarrowestBar <= width) {
    return head + " " + bar(*part, std::min(width - used, kWidestBar)) + tail;
  }
  return (head + tail).substr(0, width);
}

// The same facts without a bar: a log has no width.
std::string progress_plain_line(const ProgressSample& sample) {
  std::string text(phase_words(sample.phase));
  std::string_view separator = ": ";
  if (const std::optional<double> part = fraction(sample)) {
    text.append(separator).append(trimmed(percent(*part)));
    separator = ", ";
  }
  for (const std::string& detail : details(sample)) {
    text.append(separator).append(detail);
    separator = ", ";
  }
  return text;
}

// One line each, with all members in each: a reader needs no state of its own. Numbers and fixed
// words only, so nothing has to be escaped.
std::string progress_json_line(const ProgressSample& sample) {
  std::array<char, 64> elapsed{};
  std::snprintf(elapsed.data(), elapsed.size(), "%.1f", sample.elapsed_seconds);
  return "{\"phase\": \"" + std::string(phase_key(sample.phase)) +
         "\", \"items_done\": " + std::to_string(sample.items_done) +
         ", \"items_total\": " + std::to_string(sample.items_total) +
         ", \"bytes_done\": " + std::to_string(sample.bytes_done) +
         ", \"bytes_total\": " + std::to_string(sample.bytes_total) +
         ", \"bytes_per_second\": " + std::to_string(sample.bytes_per_second()) +
         ", \"elapsed_seconds\": " + elapsed.data() + "}";
}

}  // namespace dfsck

// The journal of one run: a file of lines that only grows. A line is a JSON object, a tab, the first 16 hex digits of
// the JSON's SHA-256, a newline. What the records mean is core/journal/run/log's affair.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json/value.h"
#include "core/fs/dir.h"
#include "core/fs/fd.h"

namespace dfsck {

inline constexpr const char* kJournalName = "journal";
inline constexpr int64_t kJournalFormat = 2;  // in the first record; a newer one is refused

// No record is longer, and so no more of a journal is ever in memory at once; a journal may have any length.
inline constexpr size_t kMaxRecord = size_t{1} << 29;

// Gets each record, with its line's number. An error ends the reading.
using TakeRecord = std::function<Result<void>(const JsonValue& record, size_t line)>;

// Reads all records of the journal in `run`, one after the other, and returns how many bytes they take: what is behind
// them is a line that a crash tore. Format, with the line's number, where an earlier line is damaged, the first record
// is no "begin", or its format is newer than ours (then it names the version).
Result<uint64_t> read_journal(const Dir& run, const TakeRecord& take);

// Gives back the room that a run has set aside for the end of its journal, if it is there.
Result<void> give_room_back(const Dir& run);

// Appends records to a journal. Each call is durable when it returns without an error; one that fails is cut off again
// before the next, so that no torn line stays in the middle.
class Journal {
 public:
  // Makes the journal with its first record. It gets its name only once that is durable: a journal always has a
  // beginning.
  static Result<Journal> create(const Dir& run, const JsonValue& begin);
  // Opens an existing one behind its last good record.
  static Result<Journal> reopen(const Dir& run, uint64_t good_bytes);

  // Several records become durable together; their order is kept.
  Result<void> append(const std::vector<JsonValue>& records);

  // Sets room aside in `run`, so that a run whose disk becomes full can still say so. After an error nothing of it is
  // left.
  Result<void> set_room_aside(const Dir& run);
  // That room was needed: nothing but the end of the run should be written any more.
  bool is_full() const { return full_; }

 private:
  Result<void> append_lines(const std::string& lines);
  Journal(Fd fd, std::string where, uint64_t size) : fd_(std::move(fd)), where_(std::move(where)), size_(size) {}

  Fd fd_;
  std::string where_;
  uint64_t size_ = 0;
  bool torn_ = false;
  bool full_ = false;
  std::optional<Dir> room_;  // the run's directory, while it holds that room
};

}  // namespace dfsck

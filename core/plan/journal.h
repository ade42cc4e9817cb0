// The journal of one run: a file of lines that only grows. A line is a JSON object, a tab, the first 16 hex digits of
// the JSON's SHA-256, a newline. What the records mean is core/plan/run_log's affair.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json_value.h"
#include "core/fs/dir.h"
#include "core/fs/fd.h"

namespace dfsck {

inline constexpr const char* kJournalName = "journal";
inline constexpr int64_t kJournalFormat = 2;  // in the first record; a newer one is refused

struct JournalText {
  std::vector<JsonValue> records;
  uint64_t good_bytes = 0;  // what is behind them is a line that a crash tore
};

// Reads all records of the journal in `run`. A torn last line is dropped. Format, with the line's number, where an
// earlier line is damaged, the first record is no "begin", or its format is newer than ours (then it names the
// version).
Result<JournalText> read_journal(const Dir& run);

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

 private:
  Journal(Fd fd, std::string where, uint64_t size) : fd_(std::move(fd)), where_(std::move(where)), size_(size) {}

  Fd fd_;
  std::string where_;
  uint64_t size_ = 0;
  bool torn_ = false;
};

}  // namespace dfsck

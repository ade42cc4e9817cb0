// Lines with checksums: reading stops at a torn end and refuses damage before it.
#include "core/journal/run/journal.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

// 64 bits tell torn and rotten lines from whole ones. They are no defence against a forger: who can write here owns
// the root, and replay checks every number and path that it reads.
constexpr size_t kSumLength = 16;
constexpr const char* kNewJournal = "journal.new";
constexpr const char* kRoom = "room";
constexpr size_t kRoomBytes = 256 * 1024;  // more than the intent of a batch takes, and all that may follow it

std::string line_of(const JsonValue& record) {
  std::string line = to_go_json(record);
  const std::string sum = sha256_hex(line).substr(0, kSumLength);
  return line += "\t" + sum + "\n";
}

// Nothing where the line is not as we wrote it.
// The writer escapes tabs inside of JSON, so the last tab is the one before the sum.
std::optional<JsonValue> parse_record(std::string_view line) {
  const size_t tab = line.rfind('\t');
  if (tab == std::string_view::npos || sha256_hex(line.substr(0, tab)).substr(0, kSumLength) != line.substr(tab + 1)) {
    return std::nullopt;
  }
  // A line with a right sum can still be of somebody else's making: its nesting and its number of values are bounded
  // like those of any file of a root.
  JsonLimits limits;
  limits.max_bytes = kMaxRecord;
  limits.max_depth = 16;
  limits.max_values = 10'000'000;
  Result<JsonValue> record = parse_json(line.substr(0, tab), limits);
  return record ? std::optional(std::move(*record)) : std::nullopt;
}

Result<void> check_beginning(const JsonValue& first, const std::string& where) {
  const std::string* record = first.get("record").as_string();
  const std::optional<int64_t> format = first.get("format").as_int64();
  if (record == nullptr || *record != "begin" || !format) {
    return format_error("read journal", where, "does not begin as a journal does");
  }
  // A newer version may mean other things by the same words. Older formats are read: replay knows what they lack.
  if (*format > kJournalFormat) {
    const std::string* version = first.get("version").as_string();
    return format_error(
        "read journal", where,
        "was written by a newer docker-fsck (" + (version != nullptr ? *version : "unknown") + "): use that one");
  }
  return {};
}

// Gives the lines of a file that ended with a newline, one at a time: what is in memory is one of them.
class LineReader {
 public:
  LineReader(int fd, std::string where) : fd_(fd), where_(std::move(where)) {}

  // Without its newline, valid until the next call; nothing at the end of the file, where a line without a newline is
  // none. Limit where a line is longer than a record can be.
  Result<std::optional<std::string_view>> next() {
    text_.erase(0, used_);
    used_ = 0;
    for (size_t searched = 0;;) {
      if (const size_t end = text_.find('\n', searched); end != std::string::npos) {
        used_ = end + 1;
        return std::optional(std::string_view(text_).substr(0, end));
      }
      searched = text_.size();
      if (searched > kMaxRecord + kSumLength + 1) {
        return limit_error("read journal", where_, "a record is longer than any that is written");
      }
      ASSIGN_OR_RETURN(const bool more, read_more());
      if (!more) {
        return std::optional<std::string_view>();
      }
    }
  }

  // Whether nothing follows the line that next() gave last.
  Result<bool> at_end() {
    if (used_ < text_.size()) {
      return false;
    }
    ASSIGN_OR_RETURN(const bool more, read_more());
    return !more;
  }

 private:
  Result<bool> read_more() {
    constexpr size_t kPiece = 256 * 1024;
    const size_t before = text_.size();
    text_.resize(before + kPiece);
    ssize_t count = 0;
    do {
      count = ::read(fd_, text_.data() + before, kPiece);
    } while (count < 0 && errno == EINTR);
    const int code = errno;
    text_.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    errno = code;
    return count < 0 ? Result<bool>(sys_error("read", where_)) : Result(count > 0);
  }

  int fd_;
  std::string where_;
  std::string text_;
  size_t used_ = 0;
};

}  // namespace

// Only an end may be torn. A bad line with good ones behind it is damage: those behind speak of the state that the
// bad one left, and a log without it would take steps for not done that were.
Result<uint64_t> read_journal(const Dir& run, const TakeRecord& take) {
  const std::string where = run.where() + "/" + kJournalName;
  ASSIGN_OR_RETURN(const Fd fd, run.open_file(kJournalName));
  LineReader lines(fd.get(), where);
  uint64_t good_bytes = 0;
  for (size_t number = 1;; ++number) {
    ASSIGN_OR_RETURN(const std::optional<std::string_view> line, lines.next());
    if (!line) {
      break;  // the end, or a torn line
    }
    const std::optional<JsonValue> record = parse_record(*line);
    if (!record) {
      ASSIGN_OR_RETURN(const bool last, lines.at_end());
      // The first record was durable before the file had its name, so a crash cannot have torn it: a bad first line
      // is damage even where it is the only one.
      if (last && number > 1) {
        break;  // blocks of one write need not reach the disk in order
      }
      return format_error("read journal", where, "line " + std::to_string(number) + " is damaged");
    }
    TRY(number > 1 ? Result<void>() : check_beginning(*record, where));
    good_bytes += line->size() + 1;
    TRY(take(*record, number));
  }
  return good_bytes > 0 ? Result(good_bytes) : format_error("read journal", where, "holds no record");
}

// Data, name, directory, in this order: a crash in between leaves `journal.new`, or a directory without a journal,
// and both mean that nothing was begun.
Result<Journal> Journal::create(const Dir& run, const JsonValue& begin) {
  const std::string where = run.where() + "/" + kJournalName;
  const std::string line = line_of(begin);
  ASSIGN_OR_RETURN(Fd fd, make_file(run, kNewJournal, line));
  // fdatasync(2) is enough for an append: it writes the file's size as well where that is needed to read the data
  // back.
  TRY(sync_data(fd.get(), where));
  TRY(move(run, kNewJournal, run, kJournalName));
  TRY(sync_directory(run));
  return Journal(std::move(fd), where, line.size());
}

Result<Journal> Journal::reopen(const Dir& run, uint64_t good_bytes) {
  ASSIGN_OR_RETURN(Fd fd, open_for_append(run, kJournalName));
  Journal journal(std::move(fd), run.where() + "/" + kJournalName, good_bytes);
  // Whether a line is torn is not known here, so the first append cuts what is behind the good bytes. Until then
  // opening has changed nothing, and a refusal leaves the file as the crash left it.
  journal.torn_ = true;
  return journal;
}

// Where the disk is full, the file that keeps room for the end is given up and the same lines are tried once more;
// from then on is_full() tells the run to stop.
Result<void> Journal::append(const std::vector<JsonValue>& records) {
  std::string lines;
  for (const JsonValue& record : records) {
    std::string line = line_of(record);
    // Refused here, since the reader refuses it too: a journal that cannot be read back is worse than a step that
    // cannot be taken.
    if (line.size() > kMaxRecord) {
      return limit_error("write journal", where_, "a step of the plan is too large for a record");
    }
    lines += line;
  }
  Result<void> written = append_lines(lines);
  if (!written && room_ && (written.error().is_io(ENOSPC) || written.error().is_io(EDQUOT))) {
    full_ = true;
    const Result<void> given = give_room_back(*room_);
    room_.reset();
    written = given ? append_lines(lines) : written;
  }
  return written;
}

Result<void> Journal::append_lines(const std::string& lines) {
  if (torn_) {
    TRY(cut_to(fd_.get(), size_, where_));
  }
  // Set before the write and cleared after the sync: whatever fails in between, part of the lines may be in the file,
  // and lines of which the caller was told that they failed must not come back at the next replay.
  torn_ = true;
  TRY(dfsck::append(fd_.get(), lines, where_));
  TRY(sync_data(fd_.get(), where_));
  torn_ = false;
  size_ += lines.size();
  return {};
}

// Real bytes: a sparse file would give nothing back. It lies in the run's directory, so whatever removes that removes
// it too.
Result<void> Journal::set_room_aside(const Dir& run) {
  Result<Dir> own = run.open_dir(".");
  const Result<Fd> made = own ? make_file(run, kRoom, std::string(kRoomBytes, ' ')) : own.error();
  if (!made) {
    TRY(give_room_back(run));
    return made.error();
  }
  room_.emplace(std::move(*own));
  return {};
}

Result<void> give_room_back(const Dir& run) {
  const Result<FileStat> stat = run.stat(kRoom);
  if (!stat) {
    return stat.error().is_io(ENOENT) ? Result<void>() : stat.error();
  }
  return remove_object(run, kRoom);
}

}  // namespace dfsck

// Lines with checksums: reading stops at a torn end and refuses damage before it.
#include "core/plan/journal.h"

#include "core/codec/digest.h"
#include "core/codec/json.h"
#include "core/fs/root.h"
#include "core/fs/writer.h"

namespace dfsck {
namespace {

constexpr size_t kMaxJournal = 1U << 30;
constexpr size_t kSumLength = 16;
constexpr const char* kNewJournal = "journal.new";

std::string line_of(const JsonValue& record) {
  std::string line = to_go_json(record);
  const std::string sum = sha256_hex(line).substr(0, kSumLength);
  return line += "\t" + sum + "\n";
}

// Nothing where the line is not as we wrote it.
std::optional<JsonValue> record_of(std::string_view line) {
  const size_t tab = line.rfind('\t');
  if (tab == std::string_view::npos || sha256_hex(line.substr(0, tab)).substr(0, kSumLength) != line.substr(tab + 1)) {
    return std::nullopt;
  }
  JsonLimits limits;
  limits.max_bytes = kMaxJournal;
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
  if (*format > kJournalFormat) {
    const std::string* version = first.get("version").as_string();
    return format_error(
        "read journal", where,
        "was written by a newer docker-fsck (" + (version != nullptr ? *version : "unknown") + "): use that one");
  }
  return {};
}

}  // namespace

Result<JournalText> read_journal(const Dir& run) {
  const std::string where = run.where() + "/" + kJournalName;
  const Result<Fd> fd = run.open_file(kJournalName);
  const Result<std::string> text = fd ? read_all(fd->get(), kMaxJournal, where) : fd.error();
  if (!text) {
    return text.error();
  }
  JournalText journal;
  for (size_t start = 0, number = 1; start < text->size(); ++number) {
    const size_t end = text->find('\n', start);
    if (end == std::string::npos) {
      break;  // torn
    }
    std::optional<JsonValue> record = record_of(std::string_view(*text).substr(start, end - start));
    if (!record) {
      if (end + 1 == text->size() && !journal.records.empty()) {
        break;  // blocks of one write need not reach the disk in order
      }
      return format_error("read journal", where, "line " + std::to_string(number) + " is damaged");
    }
    journal.records.push_back(std::move(*record));
    start = end + 1;
    journal.good_bytes = start;
  }
  if (journal.records.empty()) {
    return format_error("read journal", where, "holds no record");
  }
  if (const Result<void> checked = check_beginning(journal.records.front(), where); !checked) {
    return checked.error();
  }
  return journal;
}

Result<Journal> Journal::create(const Dir& run, const JsonValue& begin) {
  const std::string where = run.where() + "/" + kJournalName;
  const std::string line = line_of(begin);
  Result<Fd> fd = make_file(run, kNewJournal, line);
  if (!fd) {
    return fd.error();
  }
  if (const Result<void> synced = sync_data(fd->get(), where); !synced) {
    return synced.error();
  }
  if (const Result<void> moved = move(run, kNewJournal, run, kJournalName); !moved) {
    return moved.error();
  }
  if (const Result<void> synced = sync_directory(run); !synced) {
    return synced.error();
  }
  return Journal(std::move(*fd), where, line.size());
}

Result<Journal> Journal::reopen(const Dir& run, uint64_t good_bytes) {
  Result<Fd> fd = open_for_append(run, kJournalName);
  if (!fd) {
    return fd.error();
  }
  Journal journal(std::move(*fd), run.where() + "/" + kJournalName, good_bytes);
  journal.torn_ = true;
  return journal;
}

Result<void> Journal::append(const std::vector<JsonValue>& records) {
  if (torn_) {
    if (const Result<void> cut = cut_to(fd_.get(), size_, where_); !cut) {
      return cut;
    }
  }
  std::string lines;
  for (const JsonValue& record : records) {
    lines += line_of(record);
  }
  torn_ = true;
  if (const Result<void> written = dfsck::append(fd_.get(), lines, where_); !written) {
    return written;
  }
  if (const Result<void> synced = sync_data(fd_.get(), where_); !synced) {
    return synced;
  }
  torn_ = false;
  size_ += lines.size();
  return {};
}

}  // namespace dfsck

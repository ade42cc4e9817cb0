// Records of the journal: begin, then for each run what it copies and what of that is done.
#include "core/migrate/state.h"

#include <ctime>

#include <cerrno>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/stamp.h"
#include "core/migrate/problem_records.h"

namespace dfsck {
namespace {

JsonValue text_value(const std::string& value) { return JsonValue::string(value); }
JsonValue number_value(uint64_t value) { return JsonValue::number_text(std::to_string(value)); }

// Only what a later run cannot find out by looking: counts of what it skips, what the target refused, and a verdict
// that would take a reading of the layer.
JsonValue record_of(const std::string& path, const DoneUnit& unit) {
  JsonValue::Object members{{"record", text_value("done")},
                            {"unit", text_value(path)},
                            {"fingerprint", text_value(unit.fingerprint)},
                            {"content", text_value(unit.content)},
                            {"files", number_value(unit.result.files)},
                            {"directories", number_value(unit.result.directories)},
                            {"others", number_value(unit.result.others)},
                            {"links", number_value(unit.result.links)},
                            {"needs_verdict", JsonValue::boolean(unit.needs_verdict)},
                            {"problems", record_of(unit.result.problems)}};
  if (const auto& verdict = unit.result.verdict) {
    members.push_back({"verdict", JsonValue::object({{"state", number_value(static_cast<uint64_t>(verdict->state))},
                                                     {"reason", text_value(verdict->reason)},
                                                     {"digest", text_value(verdict->found_digest)},
                                                     {"digest_matches", JsonValue::boolean(verdict->digest_matches)},
                                                     {"entries", number_value(verdict->entries)},
                                                     {"bytes_hashed", number_value(verdict->bytes_hashed)},
                                                     {"tree_bytes", number_value(verdict->tree_bytes)},
                                                     {"header_bytes", number_value(verdict->header_bytes)}})});
  }
  return JsonValue::object(std::move(members));
}

uint64_t number_of(const JsonValue& record, std::string_view key) { return record.get(key).as_uint64().value_or(0); }

// Members that are missing or of another type count as nothing known, and the unit is looked at again: at worst
// something is copied twice.
DoneUnit unit_of(const JsonValue& record) {
  DoneUnit unit;
  unit.fingerprint = record.get("fingerprint").text();
  unit.content = record.get("content").text();
  unit.needs_verdict = record.get("needs_verdict").as_bool().value_or(false);
  unit.result.state = UnitResult::State::AlreadyDone;
  unit.result.files = number_of(record, "files");
  unit.result.directories = number_of(record, "directories");
  unit.result.others = number_of(record, "others");
  unit.result.links = number_of(record, "links");
  unit.result.problems = problems_of(record.get("problems"));
  const JsonValue& told = record.get("verdict");
  if (const uint64_t state = number_of(told, "state");
      !told.is_null() && state <= static_cast<uint64_t>(LayerVerdict::State::Cancelled)) {
    LayerVerdict& verdict = unit.result.verdict.emplace();
    verdict.state = static_cast<LayerVerdict::State>(state);
    verdict.reason = told.get("reason").text();
    verdict.found_digest = told.get("digest").text();
    verdict.digest_matches = told.get("digest_matches").as_bool().value_or(false);
    verdict.entries = number_of(told, "entries");
    verdict.bytes_hashed = number_of(told, "bytes_hashed");
    verdict.tree_bytes = number_of(told, "tree_bytes");
    verdict.header_bytes = number_of(told, "header_bytes");
  }
  return unit;
}

JsonValue record_of(const MigrationEnd& end) {
  JsonValue::Object target;
  for (const auto& [name, fingerprint] : end.target) {
    target.push_back({name, text_value(fingerprint)});
  }
  return JsonValue::object({{"record", text_value("end")},
                            {"whole", JsonValue::boolean(end.whole)},
                            {"around", text_value(end.around)},
                            {"target", JsonValue::object(std::move(target))},
                            {"problems", record_of(end.problems)}});
}

MigrationEnd end_of(const JsonValue& record) {
  MigrationEnd end;
  end.whole = record.get("whole").as_bool().value_or(false);
  end.around = record.get("around").text();
  end.problems = problems_of(record.get("problems"));
  if (const JsonValue::Object* target = record.get("target").as_object()) {
    for (const auto& [name, fingerprint] : *target) {
      end.target[name] = fingerprint.text();
    }
  }
  return end;
}

// A run is over. `sync_is_open`: its last sync was not heard to succeed.
// The kernel tells each error of writing back once. A sync that failed, or was never heard to end, leaves all that
// was not known to be durable in doubt, although the page cache shows it whole: these units keep nothing.
void settle_sync(bool& sync_is_open, MigrationHistory& history) {
  if (sync_is_open) {
    history.lost_a_sync = true;
    for (const std::string& unit : history.begun) {
      if (!history.done.contains(unit)) {
        history.unsynced.insert(unit);
      }
    }
  }
  sync_is_open = false;
}

// Records in the order in which they were written; each says something of the state that those before it have left.
// Of one run these records come: "run" with its units; "again" and "gone" for what earlier runs left and this one
// does not take over; then, as groups of units are through, "sync" and "done"; "suspect" whenever a file lost bytes.
// With everything read back "sync", "synced", "verified" for each unit that was right; at last "sync" and "synced". A
// "sync" with nothing behind it is one that nobody heard the end of.
void take(const JsonValue& record, const std::string& boot, bool& sync_is_open, MigrationHistory& history) {
  const std::string kind = record.get("record").text();
  const std::string unit = record.get("unit").text();
  if (kind == "begin") {
    history.source = {record.get("source").text(), number_of(record, "device"), number_of(record, "inode"),
                      record.get("boot").text()};
    history.started = {record.get("seconds").as_int64().value_or(0), record.get("nanoseconds").as_int64().value_or(0)};
  } else if (kind == "run") {
    settle_sync(sync_is_open, history);
    ++history.runs;
    // Whatever the run before has ended with: from here on copies change again.
    history.end.reset();
    history.note = record.get("note").text();
    // After another boot the page cache tells nothing of what earlier runs have written, and what was written without
    // a sync may be gone.
    history.one_boot = history.one_boot && record.get("boot").text() == boot && !boot.empty();
    if (const JsonValue::Array* units = record.get("units").as_array()) {
      for (const JsonValue& path : *units) {
        if (const std::string* bytes = path.as_string()) {
          history.begun.insert(*bytes);
        }
      }
    }
  } else if (kind == "sync") {
    sync_is_open = true;
  } else if (kind == "synced") {
    sync_is_open = false;
  } else if (kind == "changes") {
    history.changed_copies = true;
  } else if (kind == "end") {
    history.end = end_of(record);
  } else if (kind == "done") {
    sync_is_open = false;
    history.unsynced.erase(unit);
    history.done[unit] = unit_of(record);
    history.suspects.erase(unit);
  } else if (kind == "again") {
    history.done.erase(unit);
  } else if (kind == "verified") {
    if (const auto found = history.done.find(unit); found != history.done.end()) {
      found->second.verified = true;
    }
  } else if (kind == "gone") {
    history.done.erase(unit);
    history.begun.erase(unit);
    history.unsynced.erase(unit);
    history.suspects.erase(unit);
  } else if (kind == "suspect") {
    history.suspects[unit].insert(record.get("path").text());
    history.done.erase(unit);
  }
}

// Of a finished one is made what it was.
// Renamed back, so that from the first byte that this run writes the target counts as unfinished again, for a check
// as for another run.
Result<Dir> open_or_make(const Dir& own, bool finished) {
  if (finished) {
    TRY(move(own, kFinishedMigrationDirectory, own, kMigrationDirectory));
    TRY(sync_directory(own));
    return own.open_dir(kMigrationDirectory);
  }
  if (const Result<void> made = make_directory(own, kMigrationDirectory, 0700); !made && !made.error().is_io(EEXIST)) {
    return made.error();
  }
  return own.open_dir(kMigrationDirectory);
}

bool is_nothing(const Error& error) { return error.is_io(ENOENT) || error.is_io(ENOTDIR) || error.is_io(ELOOP); }

}  // namespace

// By inode, as two sources can have one path at different times, mounted one after the other.
Result<SourceIdentity> source_identity(const Root& source) {
  ASSIGN_OR_RETURN(const FileStat stat, source.stat(RelPath()));
  return SourceIdentity{escaped(source.path()), stat.device, stat.inode, current_boot_id()};
}

// Device numbers may change from boot to boot.
bool MigrationHistory::is_of(const SourceIdentity& other) const {
  return source.inode == other.inode && (source.path == other.path || source.device == other.device);
}

namespace {

// Nothing where there is no journal of that name.
Result<std::optional<MigrationHistory>> history_in(const Root& target, const char* name) {
  const Result<Dir> dir = target.open_dir(RelPath(kOwnDirectory) / name);
  if (!dir) {
    return is_nothing(dir.error()) ? Result(std::optional<MigrationHistory>()) : dir.error();
  }
  MigrationHistory history;
  const std::string boot = current_boot_id();
  bool sync_is_open = false;
  const Result<uint64_t> bytes = read_journal(*dir, [&](const JsonValue& record, size_t) -> Result<void> {
    take(record, boot, sync_is_open, history);
    return {};
  });
  if (!bytes) {
    return is_nothing(bytes.error()) ? Result(std::optional<MigrationHistory>()) : bytes.error();
  }
  settle_sync(sync_is_open, history);
  history.good_bytes = *bytes;
  return std::optional(std::move(history));
}

}  // namespace

// An unfinished one goes before a finished one: the latter is then of a migration before it.
Result<std::optional<MigrationHistory>> read_history(const Root& target) {
  Result<std::optional<MigrationHistory>> history = history_in(target, kMigrationDirectory);
  if (history && !*history) {
    history = history_in(target, kFinishedMigrationDirectory);
    if (history && *history) {
      (*history)->finished = true;
    }
  }
  return history;
}

// The list of units is in the journal before any of them is touched: what a run may have brought into the target is
// known, even if it is cut off at once.
Result<MigrationState> MigrationState::open(const RootLock& lock, const std::optional<MigrationHistory>& history,
                                            const SourceIdentity& source, const std::string& note,
                                            const std::vector<std::string>& units) {
  ASSIGN_OR_RETURN(const Dir dir, open_or_make(lock.own(), history && history->finished));
  if (!history) {
    // A journal that got no name yet: that of a run that was cut off before anything was copied.
    ASSIGN_OR_RETURN(const std::vector<DirEntry> leftovers, dir.list());
    for (const DirEntry& entry : leftovers) {
      TRY(remove_object(dir, entry.name));
    }
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const JsonValue begin = JsonValue::object({{"record", text_value("begin")},
                                             {"format", JsonValue::number(kJournalFormat)},
                                             {"version", text_value(DFSCK_VERSION)},
                                             {"source", text_value(source.path)},
                                             {"device", number_value(source.device)},
                                             {"inode", number_value(source.inode)},
                                             {"boot", text_value(source.boot)},
                                             {"seconds", JsonValue::number(now.tv_sec)},
                                             {"nanoseconds", JsonValue::number(now.tv_nsec)}});
  ASSIGN_OR_RETURN(Journal journal, history ? Journal::reopen(dir, history->good_bytes) : Journal::create(dir, begin));
  MigrationState state(std::move(journal));
  JsonValue::Array paths;
  for (const std::string& path : units) {
    paths.push_back(text_value(path));
  }
  TRY(state.append({JsonValue::object({{"record", text_value("run")},
                                       {"boot", text_value(source.boot)},
                                       {"note", text_value(note)},
                                       {"units", JsonValue::array(std::move(paths))}})}));
  return Result<MigrationState>(std::move(state));
}

// Threads end units at any time; a record must not be torn by another.
Result<void> MigrationState::append(const std::vector<JsonValue>& records) {
  const std::lock_guard lock(*mutex_);
  return records.empty() ? Result<void>() : journal_.append(records);
}

Result<void> MigrationState::add_sync_begins() { return append({JsonValue::object({{"record", text_value("sync")}})}); }
Result<void> MigrationState::add_synced() { return append({JsonValue::object({{"record", text_value("synced")}})}); }
Result<void> MigrationState::add_changes_follow() {
  return append({JsonValue::object({{"record", text_value("changes")}})});
}

// Only behind a sync that has succeeded since the units were through: "done" means that their bytes are on the disk,
// and a later run does not read them again.
Result<void> MigrationState::add_done(const std::vector<std::pair<std::string, DoneUnit>>& units) {
  std::vector<JsonValue> records;
  for (const auto& [path, unit] : units) {
    records.push_back(record_of(path, unit));
  }
  return append(records);
}

namespace {

std::vector<JsonValue> each_as(const char* kind, const std::vector<std::string>& units) {
  std::vector<JsonValue> records;
  for (const std::string& path : units) {
    records.push_back(JsonValue::object({{"record", text_value(kind)}, {"unit", text_value(path)}}));
  }
  return records;
}

}  // namespace

Result<void> MigrationState::add_verified(const std::vector<std::string>& units) {
  return append(each_as("verified", units));
}

Result<void> MigrationState::add_again(const std::vector<std::string>& units) {
  return append(each_as("again", units));
}

Result<void> MigrationState::add_gone(const std::vector<std::string>& units) { return append(each_as("gone", units)); }

// Escaped, since a path may hold any bytes and the record is text; whoever compares escapes what it has.
Result<void> MigrationState::add_suspect(const std::string& unit, const std::string& path) {
  return append({JsonValue::object(
      {{"record", text_value("suspect")}, {"unit", text_value(unit)}, {"path", text_value(escaped(path))}})});
}

Result<std::optional<MigrationTrace>> find_migration(const Root& target, const Root& source) {
  const Result<std::optional<MigrationHistory>> history = read_history(target);
  const Result<SourceIdentity> identity = source_identity(source);
  if (!history || !identity) {
    return history ? identity.error() : history.error();
  }
  if (!*history) {
    return std::optional<MigrationTrace>();
  }
  const MigrationHistory& told = **history;
  return std::optional(
      MigrationTrace{told.source.path, told.is_of(*identity), told.runs, told.done.size(), told.note, told.finished});
}

// The record first, then the rename that makes it count: cut off in between, the migration is unfinished, and its
// next run finds everything done.
Result<void> write_end(const RootLock& lock, const MigrationHistory& history, const MigrationEnd& end) {
  const Dir& own = lock.own();
  ASSIGN_OR_RETURN(const Dir dir, own.open_dir(kMigrationDirectory));
  ASSIGN_OR_RETURN(Journal journal, Journal::reopen(dir, history.good_bytes));
  TRY(journal.append({record_of(end)}));
  // Of a migration before this one, into a directory that was emptied since.
  uint64_t freed = 0;
  if (const Result<void> removed = remove_tree(own, kFinishedMigrationDirectory, freed);
      !removed && !removed.error().is_io(ENOENT)) {
    return removed;
  }
  TRY(move(own, kMigrationDirectory, own, kFinishedMigrationDirectory));
  return sync_directory(own);
}

Result<void> forget_finished_migration(const Root& target) {
  const Result<std::optional<MigrationHistory>> history = read_history(target);
  if (!history || !*history || !(*history)->finished) {
    return history ? Result<void>() : history.error();
  }
  const Result<RootLock> lock = RootLock::take(target);
  uint64_t freed = 0;
  return lock ? remove_tree(lock->own(), kFinishedMigrationDirectory, freed) : lock.error();
}

}  // namespace dfsck

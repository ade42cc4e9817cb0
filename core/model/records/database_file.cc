// From a file to a checked bbolt tree. What the daemon would stumble over is Bad; what it lives with is not.
#include "core/model/records/database_file.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/codec/bolt/check.h"
#include "core/fs/host.h"

namespace dfsck {
namespace {

// A commit of bbolt is two short writes with a sync each, so a reader that has met one rarely meets the next; a file
// that is bad each time is bad.
constexpr int kAttemptsWhileLocked = 4;

// bbolt locks the file itself with flock(2). Whoever holds it may write at any moment, which matters for a bad
// verdict and not for a good one: a tree that checks out was a state of the file.
bool is_locked(const Root& root, const RelPath& path) {
  const Result<Fd> fd = root.open_file(path);
  return fd && is_locked_by_other(fd->get());
}

// The first thing that matters, and how many more there are.
std::string problem_text(const std::vector<BoltProblem>& problems) {
  const auto first = std::find_if(problems.begin(), problems.end(),
                                  [](const BoltProblem& problem) { return !is_harmless(problem.kind); });
  if (first == problems.end()) {
    return "";
  }
  const auto more = static_cast<uint64_t>(problems.end() - first) - 1;
  return bolt_problem_text(*first) + (more > 0 ? ", and " + counted(more, "more problem") : "");
}

void judge(DatabaseFile& database) {
  database.tree = database.file->load();
  // Every page, while the daemon checks none: it maps the file and dies of SIGBUS where the file is shorter than its
  // pages, or panics at the first page that is not what it should be.
  const std::vector<BoltProblem> problems = check_bolt(*database.file, database.tree);
  database.facts.problem = problem_text(problems);
  const auto& top = database.tree.root.entries;
  // bbolt gives programs no way to put a value at the top of a database.
  if (database.facts.problem.empty() && std::any_of(top.begin(), top.end(), [](const auto& e) { return !e.bucket; })) {
    database.facts.problem = "it holds a value where only buckets can be";
  }
  database.facts.state = database.facts.problem.empty() ? Database::State::Good : Database::State::Bad;
  database.facts.leaked_runs = static_cast<size_t>(
      std::count_if(problems.begin(), problems.end(), [](const BoltProblem& p) { return is_harmless(p.kind); }));
}

void read_once(StateReader& reader, DatabaseFile& database) {
  FileState state = reader.read(database.facts.path, BoltFile::kMaxBytes);
  database.facts.problem.clear();
  database.file.reset();
  database.tree = {};
  switch (state.kind) {
    case FileState::Kind::Absent: database.facts.state = Database::State::Absent; return;
    case FileState::Kind::Unreadable:
    case FileState::Kind::TooLarge:
      database.facts.state = Database::State::Unreadable;
      database.facts.problem = state.problem();
      return;
    case FileState::Kind::WrongType:
      database.facts.state = Database::State::Bad;
      database.facts.problem = "it is " + state.problem();
      return;
    case FileState::Kind::Present: break;
  }
  // A file without bytes is "new" for bbolt, which makes a fresh database of it. That is no damage of the file; what
  // was in it is lost without a word.
  if (state.empty()) {
    database.facts.state = Database::State::Empty;
    return;
  }
  // What a power cut leaves of a file whose size had reached the disk before its blocks. Told apart, since "invalid
  // database" would say less.
  const bool zeros = state.zero_filled();
  Result<BoltFile> file = BoltFile::open(std::move(state.bytes));
  if (!file) {
    database.facts.state = Database::State::Unreadable;
    database.facts.problem = file.error().message();
    return;
  }
  database.file.emplace(std::move(*file));
  judge(database);
  if (zeros) {
    database.facts.problem = "it is filled with zero bytes";
  }
}

// bbolt never writes over pages in use, so old versions of pages survive among free ones. Only where all records are
// proven to be there and current may the file be written anew out of them.
void salvage(DatabaseFile& database, const std::optional<BoltHome>& home) {
  database.salvage = salvage_bolt(*database.file, home);
  if (database.salvage->whole) {
    if (Result<std::string> bytes = write_checked_bolt(content_of(database.salvage->root)); bytes) {
      database.facts.rewritten = std::move(*bytes);
    }
  }
}

}  // namespace

void for_each_record(const DatabaseFile& database, std::string_view bucket, const TakeRecordAt& take) {
  if (database.salvage) {
    if (const SalvagedBucket* found = database.salvage->root.bucket(bucket); found != nullptr) {
      for (const auto& [key, entry] : found->entries) {
        take(key, entry.value, entry.origin);
      }
    }
  } else if (const BoltBucket* found = database.bucket(bucket); found != nullptr) {
    for (const BoltEntry& entry : found->entries) {
      if (!entry.bucket) {
        take(entry.key, entry.value, BoltOrigin::Tree);
      }
    }
  }
}

DatabaseFile read_database(StateReader& reader, const RelPath& path, const std::optional<BoltHome>& home) {
  DatabaseFile database;
  database.facts.path = path;
  database.facts.locked = is_locked(reader.root(), path);
  for (int attempt = 0; attempt < kAttemptsWhileLocked; ++attempt) {
    read_once(reader, database);
    if (!database.facts.locked || database.facts.state != Database::State::Bad) {
      break;
    }
  }
  if (database.facts.state == Database::State::Bad && database.file) {
    salvage(database, home);
  }
  return database;
}

}  // namespace dfsck

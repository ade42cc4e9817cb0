// What a target remembers of the migration into it: `.docker-fsck/migration/journal`, and when it has ended the same
// file in `.docker-fsck/migrated`.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/lock.h"
#include "core/fs/root.h"
#include "core/journal/run/journal.h"
#include "core/migrate/migration.h"

namespace dfsck {

// A unit that is on the target's disk with everything in it.
struct DoneUnit {
  std::string fingerprint;     // of the source's unit when it was copied
  std::string content;         // sum over its files' contents; empty where not all were read
  bool verified = false;       // it was read back
  UnitResult result;           // its counts, what the target refused, and the verdict where it needs no issues
  bool needs_verdict = false;  // the layer has issues, which have to be found again
};

// How things stood when a migration ended.
struct MigrationEnd {
  bool whole = false;  // nothing of the source was lost or left damaged
  std::string around;  // sum over what is not in a unit: the directories above them, and what the caller wrote
  std::map<std::string, std::string> target;  // what stands in the target's top: escaped name and fingerprint
  std::vector<CopyProblem> problems{};        // of what is not in a unit
};

// Who is migrated.
struct SourceIdentity {
  std::string path;  // resolved, escaped
  uint64_t device = 0;
  uint64_t inode = 0;
  std::string boot;  // id of this boot
};
Result<SourceIdentity> source_identity(const Root& source);

struct MigrationHistory {
  SourceIdentity source;
  FileTime started;  // of the first run
  uint64_t runs = 0;
  std::string note;                      // of the last run
  bool one_boot = true;                  // all runs were in this boot
  std::set<std::string> begun;           // paths of units that may be in the target
  std::map<std::string, DoneUnit> done;  // by path
  std::map<std::string, std::set<std::string>>
      suspects;  // by unit: escaped paths of files with holes where bytes were lost
  // Units that were not done when a sync failed or was cut off: what is there of them may not be on the disk, whatever
  // the page cache says.
  std::set<std::string> unsynced;
  bool lost_a_sync = false;
  bool changed_copies = false;      // copies may have been rewritten and repaired since
  std::optional<MigrationEnd> end;  // nothing has begun since
  bool finished = false;            // it lies where finished ones do
  uint64_t good_bytes = 0;          // of the journal

  // The same root, by its path or by what it is.
  bool is_of(const SourceIdentity& other) const;
};

// Nothing where there is no state. Format where it cannot be read as one.
Result<std::optional<MigrationHistory>> read_history(const Root& target);

// Records the end of a migration, durably, and moves its state to where it no longer counts as unfinished.
Result<void> write_end(const RootLock& lock, const MigrationHistory& history, const MigrationEnd& end);

// Writes the state. Thread-safe.
class MigrationState {
 public:
  // Goes on with `history`, which is unfinished again from then on, or begins it where there is none. `units`: paths of
  // what this run is going to copy.
  static Result<MigrationState> open(const RootLock& lock, const std::optional<MigrationHistory>& history,
                                     const SourceIdentity& source, const std::string& note,
                                     const std::vector<std::string>& units);

  // All durable when they return.
  Result<void> add_sync_begins();  // a sync that is followed by add_done or add_synced
  Result<void> add_synced();
  Result<void> add_changes_follow();
  Result<void> add_again(const std::vector<std::string>& units);  // these were done, and are copied once more
  Result<void> add_done(const std::vector<std::pair<std::string, DoneUnit>>& units);
  Result<void> add_verified(const std::vector<std::string>& units);
  Result<void> add_gone(const std::vector<std::string>& units);
  Result<void> add_suspect(const std::string& unit, const std::string& path);

 private:
  explicit MigrationState(Journal journal) : journal_(std::move(journal)), mutex_(new std::mutex) {}
  Result<void> append(const std::vector<JsonValue>& records);

  Journal journal_;
  std::unique_ptr<std::mutex> mutex_;
};

}  // namespace dfsck

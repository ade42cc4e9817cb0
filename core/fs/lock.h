// Locks that keep a root to ourselves while it is changed: against another docker-fsck and against a daemon.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/host.h"
#include "core/fs/root.h"

namespace dfsck {

// Where everything of ours lies in a root. No daemon lists the root, so nothing of theirs stumbles over it.
inline constexpr const char* kOwnDirectory = ".docker-fsck";
// In there: the state of a migration into this root, until it has ended.
inline constexpr const char* kMigrationDirectory = "migration";
// What that becomes when it has ended: no daemon and no repair minds it, a later run of the migration reads it.
inline constexpr const char* kFinishedMigrationDirectory = "migrated";

// The bbolt files in a data root that a running daemon holds an exclusive flock(2) on, by path: BuildKit's,
// libnetwork's, the volume store's, swarm's, and those of the containerd that dockerd starts itself.
std::vector<RelPath> daemon_databases();

// Takes our own directory, which must be empty, out of the root again; the root's own time of modification stays.
Result<void> remove_own_directory(const Root& root);

// Exclusive flock(2)s, never waited for, held until destruction, on each of the daemon's databases that exists and is a
// regular file. bbolt takes the same lock, so no daemon can start on the root meanwhile. Nothing is written: this is
// all that can be done about a root which is only read.
class DatabaseLocks {
 public:
  // Busy where somebody else holds one of the locks: `where` names the file.
  static Result<DatabaseLocks> take(const Root& root);

  // Locks an open file that is about to take a database's place, before it does. Busy as above. One that is held
  // already stays so.
  Result<void> adopt(Fd fd, const std::string& where);

 private:
  std::vector<Fd> databases_;
  std::set<FileIdentity> held_;
};

// The same locks, and one on `.docker-fsck` itself.
class RootLock {
 public:
  // Makes `.docker-fsck` (0700, durably) where it is missing. Busy where somebody else holds one of the locks: `where`
  // names the file. Format where `.docker-fsck` is something else than a directory.
  static Result<RootLock> take(const Root& root);

  // The locked `.docker-fsck`.
  const Dir& own() const { return own_; }
  // This lock made it.
  bool made_own() const { return made_own_; }

  // As DatabaseLocks::adopt.
  Result<void> adopt(Fd fd, const std::string& where) { return databases_.adopt(std::move(fd), where); }

 private:
  explicit RootLock(Dir own) : own_(std::move(own)) {}

  Dir own_;
  bool made_own_ = false;
  DatabaseLocks databases_;
};

}  // namespace dfsck

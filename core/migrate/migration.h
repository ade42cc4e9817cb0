// Copying the parts of a data root to another disk, verified as they pass, so that it can be cut off anywhere and go
// on.
//
// The source is only ever read. Everything is kept: owners, all mode bits, times to the nanosecond, extended attributes
// of all namespaces (ACLs and capabilities among them), device nodes, FIFOs, holes, inode flags, and hard links across
// all units. Links that stand for an area of the source are followed (Root::area_links), and what is mounted inside of
// it is copied where the caller says so: what was a mount or such a link is a directory in the target. Sockets and
// other mounts are left out, and said to be. What is copied and what is left out is the caller's choice (units and
// their filters); what is made out of it afterwards (links of layers, paths in configurations) is the caller's work.
//
// State is kept in `.docker-fsck/migration/journal` of the target. A unit counts as done once everything of it is on
// the disk (syncfs); a later run then only compares the source's metadata with what it was (names, sizes, owners,
// modes, times, links) and copies the unit again where it differs. A unit that was cut off goes on file by file; where
// the disk was not heard to have taken its bytes (a sync that failed, or was cut off itself), all of its files are
// written again. The result is always that of a copy that was never cut off: what is in a unit's target and not in its
// source is removed. When the migration has ended its state becomes a record (core/migrate/end.h), which a later run
// takes up again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/migrate/plan/path_set.h"
#include "core/migrate/plan/unit.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

enum class CopyVerify {
  None,  // layers are not compared with anything, data may be copied inside the kernel
  Copy,  // layers are verified while they are copied
  Full,  // and then all files are read back from the target's disk and compared with what was read of the source
};

struct UnitResult;

struct MigrationOptions {
  unsigned jobs = 1;
  CopyVerify verify = CopyVerify::Copy;
  PathSet mounts{};               // what is mounted at these paths of the source belongs to it
  uint64_t bytes_per_second = 0;  // of reading and writing together at most this much; 0 is as fast as can be
  std::string note{};             // recorded with the run and given back by find_migration; the caller's options, say
  // Units of earlier runs that are not given any more are removed from the target. Not wanted of a run that is only
  // given some of them.
  bool removes_others = true;
  // The caller changes copies afterwards (paths in configurations, repairs), so that they are no longer what the source
  // has: recorded, so that a later run which reads everything back copies them anew first.
  bool changes_follow = false;
};

// Something of the source that could not be copied as it is. It never keeps anything else from being copied.
struct CopyProblem {
  enum class Kind {
    Unreadable,     // could not be opened or listed: nothing of it was copied
    LostBytes,      // parts could not be read: `lost` bytes are a hole in the target
    Attribute,      // an extended attribute, owner, ... that the target refused
    Flags,          // inode flags that the target does not have
    Unmakeable,     // the target refused to make it: name too long, type unknown
    TargetDiffers,  // CopyVerify::Full: what was read back is not what the source has
  };
  Kind kind = Kind::Unreadable;
  std::string path;    // bytes, relative to the root
  int code = 0;        // errno, or 0
  uint64_t lost = 0;   // bytes
  std::string detail;  // escaped, for people

  // It is about what is in a file or directory, not about how it is decorated.
  bool loses_data() const { return kind != Kind::Attribute && kind != Kind::Flags; }
};
using ProblemKind = CopyProblem::Kind;
std::string_view copy_problem_name(ProblemKind kind);  // "unreadable", "lost-bytes", ...

// What was left out although nobody asked for that.
struct OmittedEntry {
  enum class Kind { Socket, MountPoint };
  Kind kind = Kind::Socket;
  std::string path;  // bytes, relative to the root
};

// A unit keeps at most this many of each.
inline constexpr size_t kMaxCopyProblems = 1000;

struct UnitResult {
  enum class State {
    NotReached,   // cancelled or stopped before it was through; nothing is to be relied on
    Copied,       // see `problems`
    AlreadyDone,  // by an earlier run, and the source is as it was then
    Absent,       // there is nothing of that name in the source
  };
  State state = State::NotReached;
  bool changed_since = false;  // Copied again: an earlier run had done it, and the source has changed since

  uint64_t files = 0;                 // regular files, by name
  uint64_t directories = 0;           // the unit itself included
  uint64_t others = 0;                // symbolic links, nodes, FIFOs
  uint64_t links = 0;                 // of the files: further names of one with another name in this migration
  uint64_t bytes = 0;                 // written by this run, holes left out
  uint64_t kept = 0;                  // files that an interrupted run had copied already
  std::vector<CopyProblem> problems;  // sorted by path, kind
  uint64_t problems_dropped = 0;
  std::vector<OmittedEntry> omitted;  // sorted by path
  uint64_t omitted_dropped = 0;
  // Of a layer; nothing with CopyVerify::None. Of layers that were AlreadyDone too (where it found nothing wrong, only
  // state, digest and counts).
  std::optional<LayerVerdict> verdict;

  bool loses_data() const;  // some problem does, or the verdict is one of damage
};

struct MigrationResult {
  std::vector<UnitResult> units;  // like the units that were given
  // Why not all was copied: cancelled, target full or read-only or broken, state that cannot be written. None where
  // everything that could be read was copied, or where the caller wanted no more than the layers.
  std::optional<Error> stopped;
  bool resumed = false;  // an earlier run had begun
  // Directories above units whose attributes could not be set, and the like.
  std::vector<CopyProblem> problems;

  bool all_reached() const;
};

// Copies `units`, the heaviest first, `options.jobs` at a time, large ones by several threads. The results are the same
// at any number of jobs, except when stopped. A unit with problems or a damaged layer keeps nothing else from being
// copied, unless the caller says so once all layers are through.
//
// Progress: phase Copying counts units and bytes read (with those skipped because they were done); Verifying (for
// CopyVerify::Full) counts bytes read back.
class UnitMigration {
 public:
  // The target's root must exist and be writable; if it holds the state of a migration (find_migration), that must be
  // one of this source. An Error if nothing could be begun. Roots, `cancel` and `progress` must outlive it.
  static Result<UnitMigration> begin(const Root& source, const Root& target, std::vector<MigrationUnit> units,
                                     MigrationOptions options, const Cancel& cancel, Progress& progress);
  UnitMigration(UnitMigration&&) noexcept;
  ~UnitMigration();

  // First. False where it was stopped on the way.
  bool copy_layers();
  const std::vector<UnitResult>& so_far() const;

  enum class Rest { Copy, Leave };
  // Last: with the rest of the units or without. Lets go of the target.
  MigrationResult finish(Rest rest);

 private:
  struct Run;
  explicit UnitMigration(std::unique_ptr<Run> run);
  std::unique_ptr<Run> run_;
};

// All of it.
Result<MigrationResult> migrate_units(const Root& source, const Root& target, const std::vector<MigrationUnit>& units,
                                      const MigrationOptions& options, const Cancel& cancel, Progress& progress);

// What a target tells of a migration into it.
struct MigrationTrace {
  std::string source;        // resolved path of its source
  bool same_source = false;  // it is that of the root asked about
  uint64_t runs = 0;
  uint64_t units_done = 0;
  std::string note;       // of the last run
  bool finished = false;  // it has ended, and the target is a root like any other
};
// Nothing where no migration was begun. Format error where its state cannot be read as one.
Result<std::optional<MigrationTrace>> find_migration(const Root& target, const Root& source);

// Removes what is known of a migration that has ended; not having any is no error. For targets that were emptied since.
Result<void> forget_finished_migration(const Root& target);

}  // namespace dfsck

// How much room a copy needs on another filesystem, and whether it is there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/host.h"
#include "core/fs/root.h"
#include "core/migrate/plan/copy_plan.h"
#include "core/migrate/plan/path_set.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct SpaceSum {
  uint64_t content_bytes = 0;  // to be read and written: sizes without holes; what progress counts up to
  uint64_t disk_bytes = 0;     // on the target: in whole blocks, directories included
  uint64_t inodes = 0;
  uint64_t files = 0;  // regular files, each inode once

  SpaceSum& operator+=(const SpaceSum& other);
  friend bool operator==(const SpaceSum&, const SpaceSum&) = default;
};

// What else is looked for on the way.
struct MeasureWishes {
  PathSet mounts;                       // as for a copy (MigrationOptions): names on both sides of one are two files
  std::vector<FileIdentity> refused;    // directories that must not be met: they hold what is copied, or the copy
  std::vector<std::string> old_places;  // links in volumes that lead to one of these, or into it, are listed
};

struct OldLink {
  std::string path;    // bytes, below the root
  std::string target;  // bytes
  friend auto operator<=>(const OldLink&, const OldLink&) = default;
};

// One of MeasureWishes::refused, by its index.
struct RefusedPlace {
  std::string path;  // bytes, below the root
  size_t which = 0;
  friend auto operator<=>(const RefusedPlace&, const RefusedPlace&) = default;
};

struct SpaceNeed {
  SpaceSum total;
  std::array<SpaceSum, kCopyAreas> by_area;  // indexed by CopyArea; a file with names in several counts for one
  struct Failure {
    std::string path;  // escaped
    int code = 0;
  };
  std::vector<Failure> failures;  // what could not be looked at, sorted; at most kMaxFailures
  uint64_t failures_dropped = 0;
  // Sorted; at most kMaxListed of each.
  std::vector<std::string> sockets;  // paths (bytes) below the root
  std::vector<RefusedPlace> refused;
  std::vector<OldLink> old_links;
  bool cancelled = false;
  static constexpr size_t kMaxFailures = 100;
  static constexpr size_t kMaxListed = 1000;
};

// Walks the units below `root` without what `filter` leaves out (null: nothing is), with up to `jobs` threads, across
// mounts and behind links that stand for areas. Holes take no room; a file with several names counts once, over all
// units. Fills in expected_bytes and count of the units. `block`: of the target (see FilesystemFacts). Units that are
// not there count nothing. Memory grows with the number of files that have several names, and little with anything
// else. Progress counts directories as items. The result is the same at any `jobs`.
SpaceNeed measure_units(const Root& root, std::vector<MigrationUnit>& units, const OmitFilter& filter, uint64_t block,
                        unsigned jobs, const Cancel& cancel, Progress& progress, const MeasureWishes& wishes = {});
// The same for what is left out, but never onto another filesystem: fills in bytes and inodes.
void measure_omissions(const Root& root, std::vector<Omission>& omissions, unsigned jobs, const Cancel& cancel,
                       Progress& progress);

struct SpaceVerdict {
  bool fits = true;
  uint64_t need_bytes = 0;  // with a reserve for what a filesystem keeps about files
  uint64_t need_inodes = 0;
  uint64_t free_bytes = 0;
  std::optional<uint64_t> free_inodes;  // none: the filesystem makes them as needed
  std::string problem;                  // "needs 4.3 GB, but only 1.0 GB are free"; empty if it fits
};

// `present`: what an earlier run has already put there.
SpaceVerdict judge_space(const SpaceNeed& need, const SpaceSum& present, const FilesystemFacts& target);

}  // namespace dfsck

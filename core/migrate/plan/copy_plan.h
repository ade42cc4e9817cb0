// What a migration consists of, before anything is copied: its units, and what is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/migrate/plan/path_set.h"
#include "core/migrate/plan/unit.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"

namespace dfsck {

// One root to be planned: the whole source, or what a user-namespace remapped daemon keeps in <uid>.<gid>/ of it.
// `prefix` is its path below the whole source, the root itself for the source. Model and derived outlive the plan.
struct SourceRoot {
  RelPath prefix;
  const Model& model;
  const Derived& derived;
};

std::string_view copy_area_name(CopyArea area);  // "images", "layers", "containers", "build cache", ...

// Something that is not copied.
struct Omission {
  enum class Kind {
    Derived,     // the daemon makes it anew, or it is of no meaning outside of a mount: merged, work, tmp, runtimes
    Ours,        // .docker-fsck: journals and quarantine
    Leftover,    // of an operation that was cut off: unfinished writes, removals, build steps
    Orphan,      // nothing refers to it
    Unselected,  // the user did not want it
    Foreign,     // belongs to the filesystem: lost+found
    Socket,      // made anew by the program that listens on it
    Mounted,     // mounted there for a time, by who cannot be told
    Found,       // what fsck of a filesystem put into its lost+found
  };
  Kind kind = Kind::Derived;
  RelPath path;                // relative to the whole source
  bool contents_only = false;  // the directory itself is copied, empty
  CopyArea area = CopyArea::Other;
  std::string reason;  // for people, escaped
  uint64_t bytes = 0;  // on disk; filled in by measure_omissions
  uint64_t inodes = 0;
};
using OmissionKind = Omission::Kind;
std::string_view omission_kind_name(OmissionKind kind);  // "derived", "orphan", ...
// Nobody misses it: a daemon, a program or the filesystem makes it anew. Everything else stays behind for good.
bool is_made_anew(OmissionKind kind);

// A place of the source where another filesystem or directory begins, and what becomes of it: an area, or the data of a
// volume, that is a mount, a link, a subvolume. What is in it is in the units like everything else.
struct PlannedBoundary {
  RelPath path;            // relative to the whole source
  std::string text;        // for people: "was a mount of /dev/sdb1 (ext4); is a plain directory in the target"
  bool elsewhere = false;  // what was copied lies outside of the source: removing that leaves it
};

// Units and omissions, each sorted by path. Everything in the root is below (or above) exactly one of the two.
struct CopyPlan {
  std::vector<MigrationUnit> units;
  std::vector<Omission> omissions;
  std::vector<std::string> outside;  // for people: what belongs to the root, lies outside of it, and stays behind
  std::vector<PlannedBoundary> boundaries;  // sorted by path; of what is copied
  std::vector<std::string> notes;           // for people: what was copied because it could not be judged, and why
  // Of chosen images: the tags that go with them. None where all do.
  std::optional<std::set<std::string>> tags;

  PathSet mounts() const;  // see MigrationOptions
  // For the units. Keeps no pointer to the plan; cheap enough to be asked about every file.
  OmitFilter filter() const;
};

// Whether the filter leaves it out, or something that it lies in.
bool omits(const OmitFilter& filter, const RelPath& path);

}  // namespace dfsck

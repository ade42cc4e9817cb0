// Actions: the few primitive, reversible changes that every repair is made of.
//
// An action is data. core/journal/repair_run carries it out, the journal stores it, and a dry run prints it: all three
// use the same object. Each holds its precondition, so that nothing is done to a root that has changed since
// it was looked at.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/relpath.h"
#include "core/content/origin.h"

namespace dfsck {

struct Ownership {
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0;  // permission bits with setuid, setgid and sticky; no file type
  friend bool operator==(const Ownership&, const Ownership&) = default;
};

// Creates `path`, or replaces what is there, with a regular file of these bytes.
struct WriteFile {
  RelPath path;
  std::string bytes;
  Ownership owner;
  friend bool operator==(const WriteFile&, const WriteFile&) = default;
};
// Creates `path`, or replaces what is there, with a regular file whose bytes are copied from somewhere else.
struct RestoreFile {
  RelPath path;
  Origin origin;
  uint64_t size = 0;   // what the bytes must have: else the step fails, and `path` stays as it is
  uint64_t crc64 = 0;  // as in tar-split
  Ownership owner;
  friend bool operator==(const RestoreFile&, const RestoreFile&) = default;
};
// Creates the directory, in place of what is there if that is something else. A directory that is there stays as it is.
struct MakeDir {
  RelPath path;
  Ownership owner;
  friend bool operator==(const MakeDir&, const MakeDir&) = default;
};
// Creates the symbolic link, or replaces what is there.
struct WriteSymlink {
  RelPath path;
  std::string target;
  friend bool operator==(const WriteSymlink&, const WriteSymlink&) = default;
};
// Creates a device node or FIFO in place of what is there. A character device 0:0 is how overlay keeps a deletion.
struct MakeNode {
  RelPath path;
  uint32_t type = 0;  // S_IFCHR, S_IFBLK or S_IFIFO
  uint32_t major = 0;
  uint32_t minor = 0;
  Ownership owner;
  friend bool operator==(const MakeNode&, const MakeNode&) = default;
};
// Moves `path` into this run's quarantine, from where `undo` brings it back. The only form of removal.
struct Quarantine {
  RelPath path;
  friend bool operator==(const Quarantine&, const Quarantine&) = default;
};
// Renames within the root; the target must not exist.
struct Rename {
  RelPath from;
  RelPath to;
  friend bool operator==(const Rename&, const Rename&) = default;
};
struct SetOwnership {
  RelPath path;
  Ownership owner;
  friend bool operator==(const SetOwnership&, const SetOwnership&) = default;
};
// Sets the attribute, or removes it where there is no value.
struct SetXattr {
  RelPath path;
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const SetXattr&, const SetXattr&) = default;
};
// Sets the modification time of `path` itself (never of what a link points to).
struct SetMtime {
  RelPath path;
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  friend bool operator==(const SetMtime&, const SetMtime&) = default;
};
// Makes `path` another name of `target`'s inode, in place of what is there.
struct MakeHardLink {
  RelPath path;
  RelPath target;
  friend bool operator==(const MakeHardLink&, const MakeHardLink&) = default;
};

// Gives a tree that the run has prepared in its own staging place (see core/journal/run/staging.h) the name `path`,
// where nothing may be yet: one rename, however large the tree is. Only of use to the run that prepared it.
struct Adopt {
  RelPath path;
  uint64_t staged = 0;  // number of the tree among those that were prepared
  friend bool operator==(const Adopt&, const Adopt&) = default;
};

using Action = std::variant<WriteFile, RestoreFile, MakeDir, WriteSymlink, MakeNode, Quarantine, Rename, SetOwnership,
                            SetXattr, SetMtime, MakeHardLink, Adopt>;

const RelPath& action_path(const Action& action);  // the path that changes (`from` of a Rename)
// One line for people, with the path and what it becomes: "write overlay2/ab/link: \"K7...\" (26 bytes)".
std::string describe(const Action& action);

// What must hold of a path right before the step, as seen when the plan was made.
struct Expect {
  bool absent = false;
  uint64_t inode = 0;
  uint32_t mode = 0;
  uint64_t size = 0;
  int64_t mtime_seconds = 0;
  int64_t mtime_nanoseconds = 0;
  std::string digest;  // "sha256:..." of the contents of a small file; empty for others
  friend bool operator==(const Expect&, const Expect&) = default;
};

}  // namespace dfsck

// Verifying one layer: the tree in overlay2/<id>/diff against what the layer's tar-split says that it was made from.
//
// tar-split.json.gz holds every header of the layer's tar and a CRC-64 of every file. Put together with the files it is
// the tar, whose SHA-256 is the layer's diff ID. One pass over the bytes gives both: which file is wrong, and the proof
// that none is. Reads only; never follows a link out of diff/; never opens a FIFO or a device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/errno_class.h"
#include "core/base/ids.h"
#include "core/base/relpath.h"
#include "core/content/origin.h"
#include "core/fs/root.h"
#include "core/model/owners.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// How diff/ came to be. Decides what may legitimately differ from the tar.
enum class Provenance {
  Unpacked,  // written from the tar by the daemon: pull, load, commit, classic build (moby pkg/archive/archive.go:Unpack)
  RawUpper,  // the upper directory of a BuildKit step, from which the tar was written afterwards: times have
             // nanoseconds that the tar lacks, attributes of the kernel's overlay are there, sockets are not in the tar
};

// Which marks the overlay of a root understands.
enum class OverlayMarks {
  Trusted,  // attributes trusted.overlay.*
  User,     // attributes user.overlay.*: the kernel's overlay in a user namespace
  Any,      // these, those of fuse-overlayfs, and files named .wh.*
};

struct LayerInput {
  RelPath tar_split;  // of the file tar-split.json.gz
  RelPath diff_dir;
  std::optional<DiffId> diff;  // what the tar must hash to; without it nothing can be proven
  Provenance provenance = Provenance::Unpacked;
  RootOwners owners;
  OverlayMarks marks = OverlayMarks::Trusted;
  bool tree_lost = false;  // there is nothing at diff_dir, or no directory
  // diff/ of the layers below, nearest first. Where a whiteout or a mark is not as the tar has it, it is enough that a
  // container sees the right thing: the daemon may have written the tree through an overlay mount
  // (fsdiff.go:ApplyDiff), as it does in user namespaces and where the kernel has redirect_dir on.
  std::vector<RelPath> lower_diffs;
  bool lowers_known = false;  // `lower_diffs` are all there are; without them, each mark must be as the tar has it
};

enum class Depth {
  Headers,  // names, types, sizes, owners, modes, times, attributes, links; no file contents are read
  Full,     // contents as well
};

// What should be on disk, enough to make it again (payloads apart).
struct ExpectedEntry {
  std::string name;   // bytes of the tar header, neither cleaned nor escaped
  uint32_t mode = 0;  // type and permission bits, as st_mode; a whiteout is S_IFCHR with device 0:0
  uint32_t uid = 0;   // as on disk: mapped
  uint32_t gid = 0;
  uint32_t container_uid = 0;  // as in the header
  uint32_t container_gid = 0;
  bool owner_known = true;  // else the root's map has no such id, and `uid` and `gid` are those of the header
  FileTime mtime;
  uint64_t size = 0;
  // Of a symbolic link: its target, verbatim. Of a hard link: the path of the first name, relative to diff/.
  std::string link_target;
  bool is_hard_link = false;
  uint32_t rdev_major = 0;
  uint32_t rdev_minor = 0;
  std::vector<std::pair<std::string, std::string>> xattrs;  // sorted by name
  uint64_t crc64 = 0;                                       // of files with a payload
};

enum class IssueKind {
  Emptied,  // a file of 0 bytes that should have some
  Short,
  Long,
  ZeroFilled,   // right size, wrong bytes, and blocks of zeros that explain it
  BytesDiffer,  // right size, wrong bytes
  Missing,      // nothing of that name
  Extra,        // something that no header explains; the topmost directory only
  WrongType,
  OwnerMode,
  OwnerHidden,  // the owner is an id that cannot be seen from this process's user namespace
  Xattr,
  LinkTarget,
  HardLinkSplit,  // a hard link is a file of its own
  WhiteoutLost,   // `path` is the name that should be hidden
  OpaqueLost,     // `path` is the directory
  DeviceNumber,
  TimeDrift,   // of files and links; never of directories
  Unreadable,  // `code` holds the errno
};

std::string_view issue_kind_name(IssueKind kind);  // "emptied", "short", "hard-link-split", ...

struct Issue {
  IssueKind kind = IssueKind::Missing;
  std::string path;    // bytes, cleaned, relative to diff/
  std::string detail;  // escaped, for people: "is 0 bytes, should be 4194304"; "mode 0644, should be 4755"
  // What should be there; none for Extra. Of OpaqueLost only `xattrs` means something.
  std::optional<ExpectedEntry> expected;
  // ZeroFilled, and BytesDiffer where the place is known: the wrong bytes.
  std::optional<uint64_t> offset;
  std::optional<uint64_t> length;
  // BytesDiffer: changes of a single byte that each make the file's CRC right, the likeliest first; the layer's digest
  // tells which one is true. `offset` and `length` are of the first.
  std::vector<ByteFix> fixes;
  std::optional<uint64_t> found_crc64;  // of a file of the right size with the wrong bytes
  int code = 0;
  bool is_unshifted = false;  // Xattr: an access list with the ids of the header in a root whose owners are shifted
};

// The issue is about the bytes of a file: they are wrong, or gone with it.
bool lacks_bytes(const Issue& issue);

struct LayerVerdict {
  enum class State {
    NotChecked,     // nobody looked
    Verified,       // the digest is proven and nothing but times differs
    HeadersMatch,   // nothing but times differs; contents were not read, or there is no digest to compare with
    Damaged,        // see `issues`
    DigestDiffers,  // every file is right by its CRC, but the tar does not hash to the diff ID
    NoReference,    // tar-split cannot be used: `reason`; `issues` holds what was found before that was known
    Unverifiable,   // diff/ alone does not hold what the tar was made from: `reason`
    Unreadable,     // the tree or tar-split could not be opened or read: `reason`
    Cancelled,
  };

  State state = State::NotChecked;
  bool tree_lost = false;           // `issues` has all that should be in the tree
  std::string reason;               // escaped, for people
  int code = 0;                     // the errno behind Unreadable, if there is one
  bool shows_marks = false;         // an opaque mark that should be there was seen
  bool lacks_sight = false;         // one was not seen that may be there: this process is not shown its kind
  bool shows_shifted_acls = false;  // an access list was seen whose ids are shifted as the root's owners are
  bool digest_matches = false;      // the re-assembled tar hashes to the diff ID: every payload is right
  std::string found_digest;         // hex of the re-assembled tar's SHA-256; empty if it could not be assembled
  std::vector<Issue> issues;        // sorted by path, then kind
  uint64_t issues_dropped = 0;      // beyond kMaxIssues

  uint64_t entries = 0;       // tar entries, without global headers
  uint64_t bytes_hashed = 0;  // of file contents
  uint64_t tree_bytes = 0;    // `size` as the daemon computes it for layers that it unpacks
  uint64_t header_bytes = 0;  // `size` as it computes it for layers of BuildKit: the sum of sizes in tar-split

  // It could not be looked at for a reason that says nothing of the layer or its disk: `issues` is empty then.
  bool is_unknown() const { return state == State::Unreadable && code != 0 && !speaks_of_disk(code); }
};

// Most of what tar-split lists is not there, and other things are: it is tar-split that does not belong to the tree.
bool describes_another_tree(const LayerVerdict& verdict);

// A layer with more wrong entries than this keeps the first ones, in the tar's order.
inline constexpr size_t kMaxIssues = 200'000;

class PayloadSink;
class SharedWork;

// Who else takes part when a layer is verified; each may be null.
struct VerifyWith {
  SharedWork* helpers = nullptr;  // whose idle threads hash
  PayloadSink* sink = nullptr;    // sees the bytes of all files that are read (Depth::Full)
};

// Verifies one layer. Needs a few buffers and 8 bytes per entry, whatever the layer's size. Adds what it hashed to
// `progress`. The verdict is the same on every run. Safe to call from many threads at once.
LayerVerdict verify_layer(const Root& root, const LayerInput& input, Depth depth, const Cancel& cancel,
                          Progress& progress, VerifyWith with = {});

}  // namespace dfsck

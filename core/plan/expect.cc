// Preconditions. Inode numbers come first: an object that was replaced by an equal one is still another object.
#include "core/plan/expect.h"

#include <cerrno>

#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

constexpr size_t kDigestLimit = 16 * 1024 * 1024;  // planners take digests of small files only

}  // namespace

// A component of the path that is a file, or a link (links are never followed), means absent as well: under this name
// there is nothing that a step could change.
bool means_absent(const Error& error) { return error.is_io(ENOENT) || error.is_io(ENOTDIR) || error.is_io(ELOOP); }

// The first difference that a person can do something with, the gravest first. Of directories neither size nor time
// count: every name that the plan itself makes in them changes both.
std::string changed_since(const Expect& expect, const Result<FileStat>& now) {
  if (!now) {
    return means_absent(now.error()) ? (expect.absent ? "" : "is missing") : "cannot be looked at";
  }
  if (expect.absent) {
    return "exists, as a " + std::string(type_name(now->mode)) + ", although nothing was there";
  }
  if (((now->mode ^ expect.mode) & S_IFMT) != 0) {
    return "is a " + std::string(type_name(now->mode)) + " and was a " + std::string(type_name(expect.mode));
  }
  if (now->inode != expect.inode) {
    return "was replaced by another " + std::string(type_name(now->mode));
  }
  if (now->mode != expect.mode) {
    return "has another mode";
  }
  if (now->is_dir()) {
    return "";
  }
  if (now->size != expect.size || now->mtime != FileTime{expect.mtime_seconds, expect.mtime_nanoseconds}) {
    return "was written to";
  }
  return "";
}

Result<std::string> changed_since(const Expect& expect, const Dir& parent, const std::string& name) {
  const Result<FileStat> now = parent.stat(name);
  std::string changed = changed_since(expect, now);
  // Equal inode, size and time do not prove equal bytes: a file that a program rewrites in place within the grain of
  // the filesystem's clock, or whose time it sets back, shows only in the digest.
  if (!changed.empty() || expect.absent || expect.digest.empty() || now->size > kDigestLimit) {
    return changed;
  }
  ASSIGN_OR_RETURN(const Fd fd, parent.open_file(name));
  ASSIGN_OR_RETURN(const std::string bytes, read_all(fd.get(), kDigestLimit, name));
  return "sha256:" + sha256_hex(bytes) == expect.digest ? std::string() : std::string("has other contents");
}

// A path that cannot be looked at is noted as absent. That loses nothing: the look through the plan meets the same
// error and returns it before anything is changed.
Expect expect_now(const Root& root, const RelPath& path) {
  constexpr uint64_t kLimit = 1024 * 1024;
  Expect expect;
  const Result<FileStat> stat = root.stat(path);
  if (!stat) {
    expect.absent = true;
    return expect;
  }
  expect.inode = stat->inode;
  expect.mode = stat->mode;
  expect.size = stat->size;
  expect.mtime_seconds = stat->mtime.seconds;
  expect.mtime_nanoseconds = stat->mtime.nanoseconds;
  if (stat->is_file() && stat->size <= kLimit) {
    if (const Result<std::string> bytes = root.read_small(path, kLimit); bytes) {
      expect.digest = "sha256:" + sha256_hex(*bytes);
    }
  }
  return expect;
}

}  // namespace dfsck

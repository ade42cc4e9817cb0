// FileState: what was found where a small file should be. Scanning records, checks judge.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/fs/dir.h"
#include "core/fs/root.h"

namespace dfsck {

struct FileState {
  enum class Kind {
    Absent,
    Present,     // `bytes` holds the contents
    TooLarge,    // larger than what was asked for; `size` tells how large
    WrongType,   // `mode` tells what it is instead
    Unreadable,  // `code` holds the errno
  };

  Kind kind = Kind::Absent;
  std::string bytes;
  uint64_t size = 0;
  uint32_t mode = 0;
  int code = 0;
  FileTime mtime;

  bool absent() const { return kind == Kind::Absent; }
  bool present() const { return kind == Kind::Present; }
  bool empty() const { return present() && bytes.empty(); }
  bool zero_filled() const;  // present, not empty, and nothing but zero bytes

  // What is wrong with it, in words that fit behind "is": "missing", "empty", "filled with zero bytes",
  // "a directory, not a file", "unreadable (Input/output error)", and for contents that did not parse:
  // malformed: "excerpt".
  std::string problem() const;
};

// A failed system call on something below the root while scanning. Not what a missing file is.
struct ScanFailure {
  RelPath path;
  std::string op;
  int code = 0;
  friend auto operator<=>(const ScanFailure&, const ScanFailure&) = default;
};

// Reads small files for a scanner and keeps a list of what could not be read. Not thread-safe: one per job.
class StateReader {
 public:
  explicit StateReader(const Root& root) : root_(root) {}

  const Root& root() const { return root_; }
  // The file `name` inside `dir`, whose path below the root is `at`.
  FileState read(const Dir& dir, const RelPath& at, const std::string& name, size_t limit);
  FileState read(const RelPath& path, size_t limit);

  // Opens and lists a directory, without lost+found, which is the filesystem's; nothing where it is absent or no
  // directory (see `state`), or cannot be read (noted).
  struct Listing {
    FileState::Kind state = FileState::Kind::Absent;  // Present when it was listed
    uint32_t mode = 0;
    std::vector<DirEntry> entries;
  };
  Listing list(const RelPath& path);

  // An error of ours, like a bound that was reached, has no errno: it counts as EFBIG.
  void note(const RelPath& path, const Error& error);
  std::vector<ScanFailure> take_failures() { return std::move(failures_); }

 private:
  FileState failed(const RelPath& path, const Error& error);

  const Root& root_;
  std::vector<ScanFailure> failures_;
};

}  // namespace dfsck

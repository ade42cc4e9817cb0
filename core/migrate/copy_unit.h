// What is gathered about one unit while several threads copy it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/migrate/copy_sums.h"
#include "core/migrate/migration.h"

namespace dfsck {

// Counts and lists, thread-safe.
class CopyTally {
 public:
  std::atomic<uint64_t> files{0};
  std::atomic<uint64_t> directories{0};
  std::atomic<uint64_t> others{0};
  std::atomic<uint64_t> links{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> kept{0};

  void add(CopyProblem problem);
  void omit(OmittedEntry::Kind kind, const std::string& path);
  bool has_problems() const;
  // Moves everything into the result, sorted.
  void settle(UnitResult& result);

 private:
  // Sorted, so that which ones are kept does not depend on who came first.
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, CopyProblem::Kind>, CopyProblem> problems_;
  std::map<std::string, OmittedEntry::Kind> omitted_;
  uint64_t problems_dropped_ = 0;
  uint64_t omitted_dropped_ = 0;
};

// Files that were written while a layer was verified, by inode; looked up when the tree is gone through afterwards.
class StreamedFiles {
 public:
  void add(uint64_t inode, std::string_view path);
  void sort();
  bool contains(uint64_t inode, std::string_view path) const;

 private:
  std::vector<std::pair<uint64_t, uint64_t>> files_;  // with the hash of the path
};

struct CopyUnit {
  explicit CopyUnit(const MigrationUnit& of) : unit(of) {}

  const MigrationUnit& unit;
  CopyTally tally;
  SetSum fingerprint;
  SetSum content;                         // CopyVerify::Full
  std::atomic<bool> content_known{true};  // all files were read, none kept
  bool fresh = true;                      // nothing of it was in the target before this run
  bool absent = false;
  StreamedFiles streamed;
  std::set<std::string> suspects;  // escaped paths of files that an interrupted run could not copy whole: never kept
  bool keeps_nothing = false;      // no file of an interrupted run is kept: the disk may not have its bytes

  struct Guarded {
    std::string path;
    unsigned flags = 0;
  };
  // Files with several names that become immutable or append-only when the unit is through: no link can be made to
  // them then.
  std::mutex guarded_mutex;
  std::vector<Guarded> guarded;
};

}  // namespace dfsck

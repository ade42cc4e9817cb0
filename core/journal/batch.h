// Preparing a batch of steps: how many go together, the new objects in `saved/`, and each step's trace. Internal to
// core/journal.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/base/result.h"
#include "core/heal/origin_reader.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"

namespace dfsck {

inline constexpr size_t kMaxBatch = 512;

// Steps go into one batch as long as each can be judged by looking at the disk alone, before the batch and after a
// crash in it: no step goes through a name that an earlier one of the batch moves, replaces or renames, and none hides
// what an earlier one changed.
class Batch {
 public:
  // Gives the number of the run's place for what is replaced on the filesystem of that directory's `.docker-fsck`, and
  // makes it where it is missing.
  using OpenKeep = std::function<Result<size_t>(const RelPath& directory)>;

  // All must outlive it.
  Batch(const RunPlace& place, RunLog& log, OriginReader& reader, OpenKeep open_keep)
      : place_(place), log_(log), reader_(reader), open_keep_(std::move(open_keep)), keeps_(*place.root) {}

  // Prepares planned steps from `first` on, at most up to `end`, and returns how many: at least one. It ends before a
  // step that cannot be prepared; an error is of step `first`, and leaves nothing prepared.
  Result<size_t> prepare(size_t first, size_t end);

  bool has_new_objects() const { return !staged_.empty(); }

 private:
  struct ObjectMaker;

  bool admits(const Action& action) const;
  bool passes_moved(const RelPath& path) const;
  Result<void> prepare_step(size_t number);
  Result<void> trace_name(size_t number, Trace& trace);
  Result<void> trace_keep(const RelPath& path, Trace& trace);
  Result<void> discard(size_t number);
  Result<void> trace_attribute(const Action& action, Trace& trace);
  Result<void> stage(size_t number, Trace& trace, const std::optional<FileStat>& old);
  Result<void> make_object(size_t number);
  Result<void> restore_file(const RestoreFile& file, size_t number);
  Result<std::string> label_for(const RelPath& path);
  std::optional<FileTime> time_of(const RelPath& directory);
  void remember(size_t number);

  const RunPlace& place_;
  RunLog& log_;
  OriginReader& reader_;
  OpenKeep open_keep_;
  KeepFinder keeps_;
  std::set<std::string, std::less<>> near_;                // paths that steps change, and all directories above them
  std::set<std::string, std::less<>> moved_;               // names that no longer mean what they mean on disk
  std::map<std::string, size_t, std::less<>> staged_;      // path -> step with a new object for it
  std::set<std::pair<std::string, uint64_t>> attributes_;  // kind and inode
  std::map<std::string, FileTime, std::less<>> times_;     // set by steps of the batch
};

}  // namespace dfsck

// What all threads of one migration share.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/path_text.h"
#include "core/fs/dir.h"
#include "core/fs/root.h"
#include "core/fs/statx.h"
#include "core/migrate/copy_links.h"
#include "core/migrate/copy_unit.h"
#include "core/migrate/migration.h"
#include "core/run/cancel.h"
#include "core/run/rate_limit.h"

namespace dfsck {

struct CopyContext {
  CopyContext(const Root& source_root, Dir target_top, const MigrationOptions& options, const Cancel& user,
              Progress& shown)
      : source(source_root),
        target(std::move(target_top)),
        mounts(options.mounts),
        verify(options.verify),
        cancel(user),
        progress(shown),
        limit(options.bytes_per_second) {}

  const Root& source;
  const Dir target;
  const PathSet mounts;
  const CopyVerify verify;
  const Cancel& cancel;
  Progress& progress;
  RateLimit limit;
  LinkTable links;

  uint32_t umask = 0;
  // Owner of what this process makes.
  uint32_t uid = 0;
  uint32_t gid = 0;
  // What an interrupted run left may be kept without reading it again where the source's file is older than this.
  std::optional<FileTime> trusted_before;
  // Off as soon as the two filesystems turn out not to be able to.
  std::atomic<bool> may_clone{true};
  std::atomic<bool> may_copy_inside{true};

  // Something is mounted there that the caller did not tell of. Other filesystems that are not mounted (subvolumes) are
  // directories like others.
  bool is_foreign(const std::string& path, const Statx& info) const { return info.is_mount && !mounts.contains(path); }

  // Data that is mounted at two places is copied twice: names on both sides of a mount are never one file in the
  // target.
  LinkTable::Key link_key(const std::string& path, const FileStat& stat) const {
    return {stat.device ^ std::hash<std::string_view>{}(innermost(mounts, path)), stat.inode};
  }

  // Called before a file that could not be read whole gets its final time: so that no later run takes it for whole.
  std::function<void(const CopyUnit&, const std::string& path)> note_suspect;

  // Ends everything; the first error is the one that is told.
  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) {
      failure_ = std::move(error);
    }
    stop_.request();
  }
  // Also hands the user's wish on to what only knows stop().
  bool stopped() {
    if (cancel.requested()) {
      stop_.request();
    }
    return stop_.requested();
  }
  const Cancel& stop() const { return stop_; }
  std::optional<Error> failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  Cancel stop_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
};

// A change in the target failed. What concerns the target as a whole (full, read-only, broken; or we are out of
// descriptors or memory) ends the migration, the rest is a problem of this path.
void target_failed(CopyContext& context, CopyUnit& unit, CopyProblem::Kind kind, int code, std::string_view op,
                   const std::string& path);
// Something of the source could not be read.
void source_failed(CopyContext& context, CopyUnit& unit, int code, std::string_view op, const std::string& path);

// Opens a directory of source or target by its path below the top, however long that is. Links of the source that stand
// for an area are followed.
Result<Dir> open_far_dir(const Dir& top, std::string_view path);
Result<Dir> open_far_dir(const Root& root, std::string_view path);

}  // namespace dfsck

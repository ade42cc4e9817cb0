// flock(2) on our own directory and on the daemon's databases. Reads the databases' descriptors only; makes our
// directory.
#include "core/fs/lock.h"

#include <sys/file.h>

#include <cerrno>

#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

Error busy(std::string_view where, std::string_view detail) {
  return {Error::Kind::Busy, 0, "lock", std::string(where), std::string(detail)};
}

Result<void> lock_exclusively(int fd, const std::string& where, std::string_view holder) {
  // Never waited for: who holds it may hold it for hours, and the user wants to hear of it now.
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return busy(where, holder);
    }
    if (errno != EINTR) {
      return sys_error("lock", where);
    }
  }
  return {};
}

constexpr std::string_view kDaemon = "another process holds it locked, as a running daemon does";

// The root's own time of modification stays: making our directory is no change of the user's.
Result<void> make_own_directory(const Root& root, bool& made_it) {
  ASSIGN_OR_RETURN(const Dir top, root.open_dir(RelPath()));
  ASSIGN_OR_RETURN(const FileStat before, top.stat_self());
  if (const Result<void> made = make_directory(top, kOwnDirectory, 0700); !made) {
    // Another docker-fsck was quicker; which of the two may go on is for the lock on the directory to say.
    return made.error().is_io(EEXIST) ? Result<void>() : made;
  }
  made_it = true;
  TRY(set_mtime_of(top, before.mtime));
  return sync_directory(top);
}

Result<Dir> open_own_directory(const Root& root, bool& made_it) {
  Result<Dir> own = root.open_dir(kOwnDirectory);
  if (own || !own.error().is_io(ENOENT)) {
    return own;
  }
  TRY(make_own_directory(root, made_it));
  return root.open_dir(kOwnDirectory);
}

}  // namespace

// A missing one is no hole: volumes/metadata.db exists in every root that a daemon has run on, and a daemon opens it at
// each start, waits a second for the lock, and gives up. The others keep out what has only those, such as a containerd.
std::vector<RelPath> daemon_databases() {
  return {"buildkit/cache.db",          "buildkit/containerd-overlayfs/metadata_v2.db",
          "buildkit/containerdmeta.db", "buildkit/history.db",
          "buildkit/history_c8d.db",    "buildkit/metadata_v2.db",
          "buildkit/snapshots.db",      "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
          "network/files/local-kv.db",  "swarm/worker/tasks.db",
          "volumes/metadata.db"};
}

Result<void> remove_own_directory(const Root& root) {
  ASSIGN_OR_RETURN(const Dir top, root.open_dir(RelPath()));
  ASSIGN_OR_RETURN(const FileStat before, top.stat_self());
  TRY(remove_object(top, kOwnDirectory));
  TRY(set_mtime_of(top, before.mtime));
  return sync_directory(top);
}

// Our directory first, then the databases in one fixed order: two runs of ours meet at the first lock and never at the
// later ones, so that they cannot hold one half each.
Result<RootLock> RootLock::take(const Root& root) {
  bool made_it = false;
  Result<Dir> own = open_own_directory(root, made_it);
  if (!own) {
    Error error = own.error();
    if (error.is_io(ENOTDIR) || error.is_io(ELOOP)) {
      return format_error("open", kOwnDirectory, "is not a directory of ours: move it away");
    }
    if (error.is_io(EACCES)) {
      error.detail =
          "it is of whoever repaired this root before, so repair it as that user, on the host if this is a user "
          "namespace";
    }
    return error;
  }
  RootLock lock(std::move(*own));
  lock.made_own_ = made_it;
  TRY(lock_exclusively(lock.own_.fd(), kOwnDirectory, "another docker-fsck works on this root"));
  Result<DatabaseLocks> databases = DatabaseLocks::take(root);
  if (!databases) {
    static_cast<void>(made_it ? remove_own_directory(root)
                              : Result<void>());  // an empty directory is all that can stay
    return databases.error();
  }
  lock.databases_ = std::move(*databases);
  return lock;
}

Result<DatabaseLocks> DatabaseLocks::take(const Root& root) {
  DatabaseLocks locks;
  for (const RelPath& path : daemon_databases()) {
    Result<Fd> database = root.open_file(path);
    if (!database) {
      // What is missing or is no file cannot be locked by a daemon; a directory on the way that cannot be searched can
      // hide one.
      const Error& error = database.error();
      const bool nothing =
          error.kind == Error::Kind::Format || error.is_io(ENOENT) || error.is_io(ENOTDIR) || error.is_io(ELOOP);
      if (nothing) {
        continue;
      }
      return error;
    }
    TRY(locks.adopt(std::move(*database), path.text()));
  }
  return locks;
}

// A repair that puts a new file in a database's place would let go of the root with the old one: the new file is locked
// before the rename makes it visible, so that there is no moment at which a daemon could open it.
Result<void> DatabaseLocks::adopt(Fd fd, const std::string& where) {
  struct ::stat raw {};
  if (patient::fstat(fd.get(), &raw) != 0) {
    return sys_error("stat", where);
  }
  const FileIdentity identity{raw.st_dev, raw.st_ino};
  if (held_.contains(identity)) {
    return {};  // a second descriptor of our own would be as foreign as anybody's
  }
  TRY(lock_exclusively(fd.get(), where, kDaemon));
  held_.insert(identity);
  databases_.push_back(std::move(fd));
  return {};
}

}  // namespace dfsck

// The walk. Directories are taken from a stack of each thread; what others could do is offered to them first.
#include "core/migrate/copy_walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <functional>

#include "core/base/patient_calls.h"
#include "core/content/tree/directory_reader.h"
#include "core/fs/area_links.h"

namespace dfsck {
namespace {

constexpr size_t kMembersAtOnce = 64;       // members that are given away together
constexpr uint64_t kLarge = 8U << 20;       // bytes of a file that is given away by itself
constexpr size_t kMostOpen = 128;           // pairs of directories kept open
constexpr size_t kLongestPath = 16 * 1024;  // bytes; of no use to any program, but a disk may have longer ones
// Of all walks of this process together, since descriptors are its own.
std::atomic<size_t> open_pairs{0};

// Reading shall not change the source, not even its times of access; only who owns a file, or root, may ask for that.
Result<Dir> open_source_dir(const Dir& parent, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(patient::openat(parent.fd(), name.c_str(), kFlags | O_NOATIME));
  if (!fd && errno == EPERM) {
    fd = Fd(patient::openat(parent.fd(), name.c_str(), kFlags));
  }
  return fd ? Result<Dir>(Dir(std::move(fd), "")) : sys_error("open directory", "");
}

// Frees its place among the open ones with the directory.
std::shared_ptr<WalkDir> new_dir() {
  return {new WalkDir, [](WalkDir* dir) {
            if (dir->pair) {
              open_pairs.fetch_sub(1, std::memory_order_relaxed);
            }
            delete dir;
          }};
}

}  // namespace

// For walks that only look.
std::optional<Dir> TreeWalk::enter_target(const DirPair&, const std::string&, WalkDir&) { return std::nullopt; }
void TreeWalk::leave(const WalkDir&, const DirPair&) {}

// A unit can be a single file. Its directory is opened by path, from the top; everything in it by name from what is
// open, so no link that somebody puts into the source meanwhile leads the walk elsewhere.
void TreeWalk::start() {
  const std::string& path = unit_.unit.path.bytes();
  const std::string name(unit_.unit.path.name());
  const std::string above = unit_.unit.path.parent().bytes();
  Result<Dir> source = open_far_dir(context_.source, above);
  std::optional<DirPair> pair;
  int code = source ? 0 : source.error().code;
  Statx info;
  if (code == 0) {
    code = statx_unit(*source, name, info);
  }
  if (code == 0 && belongs(path, info, true)) {
    pair.emplace(DirPair{std::move(*source), std::nullopt});
    if (with_target_) {
      Result<Dir> target = open_far_dir(context_.target, above);
      if (!target) {
        context_.fail(target.error());
      } else {
        pair->target = std::move(*target);
      }
    }
  }
  unit_.absent = code == ENOENT || code == ENOTDIR;
  if (code != 0 && !unit_.absent) {
    source_failed(context_, unit_, code, "look at", path);
  }
  if (pair && !context_.stopped()) {
    if (!info.stat.is_dir()) {
      member(*pair, false, name, path, info);
    } else if (Ptr top = enter(nullptr, *pair, name, path, info)) {
      walk(std::move(top));
      return;
    }
  }
  ended();
}

// The unit may be a link that stands for an area: then it is the directory behind it.
bool TreeWalk::is_behind_link() const {
  const AreaLink* link = context_.source.area_links().at(unit_.unit.path);
  return link != nullptr && link->is_followed();
}

int TreeWalk::statx_unit(const Dir& above, const std::string& name, Statx& info) const {
  if (!is_behind_link()) {
    return read_statx(above.fd(), name.c_str(), info);
  }
  const Result<Dir> behind = open_far_dir(context_.source, unit_.unit.path.bytes());
  return behind ? read_statx(behind->fd(), "", info) : behind.error().code;
}

// Asked once for everything: here the fingerprint is summed up that a later run compares.
bool TreeWalk::belongs(const std::string& path, const Statx& info, bool is_unit) {
  const uint32_t type = info.stat.mode & S_IFMT;
  if (!is_unit && unit_.unit.omit && unit_.unit.omit(path, type)) {
    return false;
  }
  if (!(is_unit && is_behind_link()) && context_.is_foreign(path, info)) {
    unit_.tally.omit(OmittedEntry::Kind::MountPoint, path);
    return false;
  }
  if (S_ISSOCK(type)) {
    unit_.tally.omit(OmittedEntry::Kind::Socket, path);
    return false;
  }
  unit_.fingerprint.add(fingerprint_item(path, info.stat));
  (S_ISREG(type)   ? unit_.tally.files
   : S_ISDIR(type) ? unit_.tally.directories
                   : unit_.tally.others)
      .fetch_add(1, std::memory_order_relaxed);
  return true;
}

// A directory that could not be kept open is opened again by its path: that costs a walk down for each use, and no
// descriptor in between.
const DirPair* TreeWalk::open_pair(const WalkDir& dir, std::optional<DirPair>& own) {
  if (dir.pair) {
    return &*dir.pair;
  }
  Result<Dir> source = open_far_dir(context_.source, dir.path);
  if (!source) {
    source_failed(context_, unit_, source.error().code, "open directory", dir.path);
    return nullptr;
  }
  own.emplace(DirPair{std::move(*source), std::nullopt});
  if (with_target_) {
    Result<Dir> target = open_far_dir(context_.target, dir.path);
    if (!target) {
      target_failed(context_, unit_, CopyProblem::Kind::Unmakeable, target.error().code, "open directory", dir.path);
      return nullptr;
    }
    own->target = std::move(*target);
  }
  return &*own;
}

// A directory holds its parent: as long as anything below is not through, the parent cannot be left.
TreeWalk::Ptr TreeWalk::enter(const Ptr& parent, const DirPair& pair, const std::string& name, const std::string& path,
                              const Statx& info) {
  if (path.size() > kLongestPath) {
    source_failed(context_, unit_, ENAMETOOLONG, "open directory", path);
    return nullptr;
  }
  Result<Dir> source =
      !parent && is_behind_link() ? open_far_dir(context_.source, path) : open_source_dir(pair.source, name);
  if (!source) {
    source_failed(context_, unit_, source.error().code, "open directory", path);
    return nullptr;
  }
  Ptr dir = new_dir();
  dir->path = path;
  dir->info = info;
  std::optional<Dir> target;
  if (with_target_) {
    target = enter_target(pair, name, *dir);
    if (!target) {
      return nullptr;
    }
  }
  dir->parent = parent;
  if (parent) {
    parent->pending.fetch_add(1, std::memory_order_relaxed);
  }
  if (open_pairs.fetch_add(1, std::memory_order_relaxed) < kMostOpen) {
    dir->pair.emplace(DirPair{std::move(*source), std::move(target)});
  } else {
    open_pairs.fetch_sub(1, std::memory_order_relaxed);
  }
  return dir;
}

TreeWalk::Ptr TreeWalk::enter_member(const Ptr& parent, const std::string& name) {
  if (context_.stopped()) {
    return nullptr;
  }
  std::optional<DirPair> own;
  const DirPair* pair = open_pair(*parent, own);
  if (pair == nullptr) {
    return nullptr;
  }
  const std::string path = path_in(parent->path, name);
  Statx info;
  if (const int code = read_statx(pair->source.fd(), name.c_str(), info); code != 0) {
    if (code != ENOENT) {
      source_failed(context_, unit_, code, "look at", path);
    }
    return nullptr;
  }
  return info.stat.is_dir() && belongs(path, info, false) ? enter(parent, *pair, name, path, info) : nullptr;
}

// Depth first, on a stack of this thread. A child that another thread takes over is walked there, with its own stack;
// what this thread keeps is only the path down.
void TreeWalk::walk(Ptr top) {
  std::vector<Ptr> stack;
  read(top);
  stack.push_back(std::move(top));
  while (!stack.empty()) {
    const Ptr dir = stack.back();
    if (dir->next == dir->directories.size() || context_.stopped()) {
      stack.pop_back();
      release(dir);
      continue;
    }
    const std::string name = std::move(dir->directories[dir->next++]);
    // Before the task is offered: it may run, and end, before the next line here.
    dir->pending.fetch_add(1, std::memory_order_relaxed);
    SharedWork::Task task = [self = shared_from_this(), dir, name] {
      if (Ptr child = self->enter_member(dir, name)) {
        self->walk(std::move(child));
      }
      self->release(dir);
    };
    if (work_.offer(task)) {
      continue;
    }
    if (Ptr child = enter_member(dir, name)) {
      read(child);
      stack.push_back(std::move(child));
    }
    release(dir);
  }
}

// Directories are only noted while the listing is read; files are handled in batches, so that giving some away costs
// less than doing them.
void TreeWalk::read(const Ptr& dir) {
  std::optional<DirPair> own;
  const DirPair* const pair = open_pair(*dir, own);
  if (pair == nullptr) {
    return;
  }
  std::vector<std::string> batch;
  const auto hand_out = [&] {
    if (batch.size() == kMembersAtOnce) {
      dir->pending.fetch_add(1, std::memory_order_relaxed);
      SharedWork::Task task = [self = shared_from_this(), dir, names = batch] {
        std::optional<DirPair> opened;
        if (const DirPair* there = self->open_pair(*dir, opened)) {
          self->do_batch(dir, *there, names);
        }
        self->release(dir);
      };
      if (work_.offer(task)) {
        batch.clear();
        return;
      }
      dir->pending.fetch_sub(1, std::memory_order_relaxed);  // the caller holds another
    }
    do_batch(dir, *pair, batch);
    batch.clear();
  };
  const int source = pair->source.fd();
  DirectoryReader reader;
  const int error = reader.read(source, [&](const char* name, uint32_t type) {
    if (!RelPath::is_component(name)) {
      return true;  // no sane filesystem has such a name
    }
    Statx info;
    // Some filesystems do not tell types in listings.
    if (type == 0 && read_statx(source, name, info) == 0) {
      type = info.stat.mode & S_IFMT;
    }
    if (S_ISDIR(type)) {
      dir->directories.emplace_back(name);
      return true;
    }
    batch.emplace_back(name);
    if (batch.size() == kMembersAtOnce) {
      hand_out();
    }
    return !context_.stopped();
  });
  if (error != 0) {
    source_failed(context_, unit_, error, "read directory", dir->path);
  }
  if (!batch.empty()) {
    hand_out();
  }
}

void TreeWalk::do_batch(const Ptr& dir, const DirPair& pair, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (context_.stopped()) {
      return;
    }
    do_member(dir, pair, name);
  }
}

// ENOENT means that it went away since it was listed, as in a source whose daemon runs: nothing is missing then.
void TreeWalk::do_member(const Ptr& dir, const DirPair& pair, const std::string& name) {
  const std::string path = path_in(dir->path, name);
  Statx info;
  if (const int code = read_statx(pair.source.fd(), name.c_str(), info); code != 0) {
    if (code != ENOENT) {
      source_failed(context_, unit_, code, "look at", path);
    }
    return;
  }
  if (info.stat.is_dir() || !belongs(path, info, false)) {
    return;
  }
  if (info.stat.size >= kLarge && info.stat.is_file()) {
    dir->pending.fetch_add(1, std::memory_order_relaxed);
    SharedWork::Task task = [self = shared_from_this(), dir, name, path, info] {
      std::optional<DirPair> own;
      const DirPair* opened = self->open_pair(*dir, own);
      if (opened != nullptr && !self->context_.stopped()) {
        self->member(*opened, dir->fresh, name, path, info);
      }
      self->release(dir);
    };
    if (work_.offer(task)) {
      return;
    }
    dir->pending.fetch_sub(1, std::memory_order_relaxed);  // the caller holds another
  }
  member(pair, dir->fresh, name, path, info);
}

// Whoever ends last leaves the directory, and then perhaps those above it. acq_rel: all that other threads did in it
// has to be seen before its attributes are set.
void TreeWalk::release(Ptr dir) {
  while (dir && dir->pending.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    if (!context_.stopped()) {
      std::optional<DirPair> own;
      if (const DirPair* pair = open_pair(*dir, own)) {
        leave(*dir, *pair);
      }
    }
    Ptr parent = std::move(dir->parent);
    if (!parent) {
      ended();
      return;
    }
    dir = std::move(parent);
  }
}

}  // namespace dfsck

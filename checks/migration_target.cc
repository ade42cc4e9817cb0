// Only an empty directory, or one that an unfinished migration of the same source has begun to fill.
#include "checks/migration_target.h"

#include <algorithm>
#include <cerrno>

#include "core/base/escape.h"
#include "core/fs/lock.h"
#include "core/fs/writer.h"

namespace dfsck {
namespace {

// "/a/b/" becomes "/a/b"; a path without a slash lies in ".".
std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}
std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}
std::string name_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool lies_in(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory == "/" ? "/" : directory + "/");
}

// What stands in the directory besides what a new filesystem has, and what is ours.
std::vector<std::string> strangers_in(const Root& root, std::vector<std::string>& obstacles) {
  std::vector<std::string> names;
  const Result<Dir> top = root.open_dir(RelPath());
  const Result<std::vector<DirEntry>> entries = top ? top->list() : top.error();
  if (!entries) {
    obstacles.push_back(entries.error().message());
    return names;
  }
  for (const DirEntry& entry : *entries) {
    if (entry.name != "lost+found" && entry.name != kOwnDirectory) {
      names.push_back(escaped(entry.name));
    }
  }
  return names;
}

void judge_contents(MigrationTarget& target, const Root& source, const std::string& note) {
  Result<std::optional<MigrationTrace>> trace = find_migration(*target.root, source);
  if (!trace) {
    target.obstacles.push_back(trace.error().message());
    return;
  }
  target.trace = std::move(*trace);
  const std::string path = escaped(target.path);
  if (!target.trace) {
    const std::vector<std::string> strangers = strangers_in(*target.root, target.obstacles);
    if (!strangers.empty()) {
      target.obstacles.push_back(path + " is not empty: " + strangers.front() +
                                 (strangers.size() > 1 ? " and more" : "") + " is there; name an empty directory");
    }
  } else if (!target.trace->same_source) {
    target.obstacles.push_back(path + " holds an unfinished migration of " + escaped(target.trace->source) +
                               ", not of this root; finish that one, or name an empty directory");
  } else if (target.trace->note != note) {
    target.obstacles.push_back(path + " holds a migration that was begun with other choices (" +
                               escaped(target.trace->note) + "); give the same ones, or name an empty directory");
  }
}

}  // namespace

MigrationTarget look_at_migration_target(const std::string& path, const Root& source, const std::string& note) {
  MigrationTarget target;
  target.path = without_slashes(path);
  Result<Root> root = Root::open(target.path);
  target.exists = root || !root.error().is_io(ENOENT);
  if (!target.exists) {
    root = Root::open(parent_of(target.path));
  }
  if (!root) {
    target.obstacles.push_back(root.error().message());
    return target;
  }
  const std::string above = root->path() == "/" ? "" : root->path();
  target.path = target.exists ? root->path() : above + "/" + name_of(target.path);
  target.root.emplace(std::move(*root));
  if (lies_in(target.path, source.path())) {
    target.obstacles.push_back("the target " + escaped(target.path) + " lies in the source");
  } else if (lies_in(source.path(), target.path)) {
    target.obstacles.push_back("the source " + escaped(source.path()) + " lies in the target");
  } else if (target.exists) {
    judge_contents(target, source, note);
  }
  return target;
}

Result<void> make_migration_target(MigrationTarget& target) {
  if (target.exists) {
    return {};
  }
  const Result<Dir> parent = target.root->open_dir(RelPath());
  const Result<void> made = parent ? make_directory(*parent, name_of(target.path), 0700) : parent.error();
  if (!made) {
    return made;
  }
  Result<Root> root = Root::open(target.path);
  if (!root) {
    return root.error();
  }
  target.root.emplace(std::move(*root));
  target.exists = true;
  return {};
}

}  // namespace dfsck

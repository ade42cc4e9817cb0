// Only an empty directory, or one that a migration of the same source has filled or begun to fill.
#include "checks/migration/target.h"

#include <algorithm>
#include <cerrno>

#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/write/writer.h"
#include "core/journal/recover.h"

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

// What stands in the directory besides what a new filesystem has, and what is ours.
// lost+found is on every fresh ext4 filesystem, which is where most targets are.
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

// A target is never cleared: what is in it may be all that somebody has left.
void judge_contents(MigrationTarget& target, const Root& source, const std::string& note) {
  Result<std::optional<MigrationTrace>> found = find_migration(*target.root, source);
  if (!found) {
    target.obstacles.push_back(found.error().message());
    return;
  }
  const std::string path = escaped(target.path);
  const std::vector<std::string> strangers = strangers_in(*target.root, target.obstacles);
  if (!*found || ((*found)->finished && strangers.empty())) {
    if (!strangers.empty()) {
      target.obstacles.push_back(path + " is not empty: " + strangers.front() +
                                 (strangers.size() > 1 ? " and more" : "") + " is there; name an empty directory");
    }
    return;
  }
  target.trace = std::move(*found);
  const MigrationTrace& trace = *target.trace;
  if (!trace.same_source) {
    target.obstacles.push_back(
        path + (trace.finished ? " holds what was migrated from " : " holds an unfinished migration of ") +
        escaped(trace.source) + ", not from this root; " + (trace.finished ? "" : "finish that one, or ") +
        "name an empty directory");
  } else if (trace.runs > 0 && trace.note != note) {
    // What the earlier run left out, this one would count as missing, and the other way round.
    target.obstacles.push_back(path + " holds a migration that was " + (trace.finished ? "made" : "begun") +
                               " with other choices (" + escaped(trace.note) +
                               "); give the same ones, or name an empty directory");
  }
}

}  // namespace

MigrationTarget open_migration_target(const std::string& path, const Root& source, const std::string& note) {
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
  target.path = target.exists ? root->path() : above + "/" + std::string(last_name(target.path));
  target.root.emplace(std::move(*root));
  if (is_at_or_below(target.path, source.path())) {
    target.obstacles.push_back("the target " + escaped(target.path) + " lies in the source");
  } else if (is_at_or_below(source.path(), target.path)) {
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
  ASSIGN_OR_RETURN(NewRoot made, NewRoot::make(target.path));
  target.made = std::make_unique<NewRoot>(std::move(made));
  ASSIGN_OR_RETURN(Root root, Root::open(target.path));
  target.root.emplace(std::move(root));
  return {};
}

// The last thing that a run does to its target is to repair it. One that was cut off in that goes on
// with the copy, and so the repair has to be undone first: the copy compares with the source.
Result<void> take_back_target_repairs(const MigrationTarget& target, const std::vector<SourceRoot>& roots,
                                      const Cancel& cancel, Progress& progress) {
  for (const SourceRoot& source : roots) {
    const Result<Root> root = target.root->open_below(source.prefix);
    ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, root ? list_runs(*root) : std::vector<RunRecord>{});
    for (const RunRecord& run : runs) {
      if (run.state != RunRecord::State::Unfinished) {
        continue;
      }
      TRY(recover(*root, run.id, Direction::Back, cancel, progress));
    }
  }
  return {};
}

}  // namespace dfsck

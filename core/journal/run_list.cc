// Listing `.docker-fsck`. Other things in it (the stamp) are not ours to judge here.
#include "core/journal/run_list.h"

#include <cerrno>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/journal/run/journal.h"

namespace dfsck {

// Ids begin with the time in UTC, and listing sorts by name: the order of names is the order of runs.
Result<std::vector<RunEntry>> read_runs(const Root& root) {
  std::vector<RunEntry> runs;
  const Result<Dir> own = root.open_dir(kOwnDirectory);
  if (!own) {
    return own.error().is_io(ENOENT) ? Result(std::move(runs)) : own.error();
  }
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, own->list());
  for (const DirEntry& entry : entries) {
    if (!is_run_id(entry.name) || entry.type != S_IFDIR) {
      continue;
    }
    ASSIGN_OR_RETURN(const Dir run, own->open_dir(entry.name));
    RunEntry& added = runs.emplace_back();
    added.id = entry.name;
    const Result<FileStat> journal = run.stat(kJournalName);
    // A journal that cannot be looked at counts as begun, so that its error shows: "nothing was begun" may only be
    // said where there is none.
    added.begun = journal || !journal.error().is_io(ENOENT);
    if (added.begun) {
      added.log = read_run_log(run);
    }
  }
  return runs;
}

Result<RunEntry> find_run(const Root& root, const std::string& id) {
  ASSIGN_OR_RETURN(std::vector<RunEntry> runs, read_runs(root));
  for (RunEntry& run : runs) {
    if (run.id == id) {
      return std::move(run);
    }
  }
  return format_error("look up repair", escaped(id), "there is no such repair of this root");
}

// A journal that cannot be read stands in the way like one that is open: what it kept and what it left half done are
// not known, so nothing may be built on the state it left.
std::optional<Error> unfinished_run(const std::vector<RunEntry>& runs) {
  for (const RunEntry& run : runs) {
    if (!run.log) {
      return format_error("look for unfinished repairs", std::string(kOwnDirectory) + "/" + run.id,
                          run.log.error().message() +
                              "; what that repair changed is not known: look at it, then move the directory away");
    }
    if (run.begun && run.log->state == RunLog::State::Open) {
      return format_error("look for unfinished repairs", std::string(kOwnDirectory) + "/" + run.id,
                          "this repair was cut off: 'docker-fsck recover' finishes it or takes it back");
    }
  }
  return std::nullopt;
}

// By the inode alone: the device number is written down too, but may be another one after the next boot.
Result<void> check_same_root(const Root& root, const RunLog& log) {
  ASSIGN_OR_RETURN(const FileStat top, root.stat(RelPath()));
  return top.inode == log.root_inode
             ? Result<void>()
             : format_error(
                   "read journal", root.path(),
                   "this root is a copy of the one that the repair was made on, so it cannot be told what is what");
}

}  // namespace dfsck

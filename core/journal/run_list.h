// The runs of a root, and their logs. Internal to core/journal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/journal/history.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"

namespace dfsck {

struct RunEntry {
  std::string id;
  bool begun = true;  // false: a crash left a directory before the journal had its name; nothing else was done
  Result<RunLog> log = RunLog{};
};

// All runs in `.docker-fsck`, oldest first; none where there is no such directory.
Result<std::vector<RunEntry>> read_runs(const Root& root);

// One of them; Format where there is none of that name.
Result<RunEntry> find_run(const Root& root, const std::string& id);

// What the history shows of a step.
RunStep to_run_step(const std::string& id, const RunLog& log, size_t number);

// The first of them that stands in the way of another repair, as an error that says what to do; nothing if none does.
std::optional<Error> unfinished_run(const std::vector<RunEntry>& runs);

// Format if the journal is of another directory than this root: a copy has other inode numbers, by which we know
// things.
Result<void> check_same_root(const Root& root, const RunLog& log);

}  // namespace dfsck

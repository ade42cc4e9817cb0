// The directories of one run inside `.docker-fsck`. Internal to core/journal.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

struct LoggedStep;
struct RunLog;

// Where a run keeps what it replaces on one filesystem, in two places told by the step's number: what a step prepared
// or replaced, and what it moved away.
struct KeepPlace {
  RelPath directory;  // the one whose `.docker-fsck` it is: the root itself, or an area on a filesystem of its own
  Dir run;            // .docker-fsck/<id>
  Dir saved;          // .docker-fsck/<id>/saved
  Dir quarantine;     // .docker-fsck/<id>/quarantine

  // False for one that nothing was kept in yet, and whose directories are missing.
  bool is_open() const { return run.fd() >= 0; }
};

struct RunPlace {
  const Root* root = nullptr;
  std::string id;
  Dir top;                       // the root itself
  Dir run;                       // its .docker-fsck/<id>, with the journal
  std::vector<KeepPlace> keeps;  // the root's own first; the others as in RunLog::keeps

  const KeepPlace& keep_of(const LoggedStep& logged) const;
};

inline std::string kept_name(size_t step) { return std::to_string(step); }

// Makes the directories of a new run in `own` (the locked .docker-fsck), with an id behind all others: ids order runs,
// even where the clock went back. Where that fails nothing is left of it: `spare` has descriptors to let go of, so that
// there are some to remove it with.
Result<RunPlace> make_run_place(const Root& root, const Dir& own, std::vector<Dir>& spare);

// Opens those of a run of the past. Format where a place on another filesystem is missing that a step's objects lie in.
Result<RunPlace> open_run_place(const Root& root, const Dir& own, const std::string& id, const RunLog& log);

// "2026-01-01T00:00:00Z", of now.
std::string utc_now();

bool is_run_id(std::string_view name);

}  // namespace dfsck

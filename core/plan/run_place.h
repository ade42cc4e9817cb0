// The directories of one run, open. Internal to core/plan.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

// Two places of a run, told by the step's number: what a step prepared or replaced, and what it moved away.
struct RunPlace {
  const Root* root = nullptr;
  std::string id;
  Dir top;         // the root itself
  Dir run;         // .docker-fsck/<id>
  Dir saved;       // .docker-fsck/<id>/saved
  Dir quarantine;  // .docker-fsck/<id>/quarantine
};

inline std::string kept_name(size_t step) {
  return std::to_string(step);
}

// Makes the directories of a new run in `own` (the locked .docker-fsck), with an id behind all others: ids order runs,
// even where the clock went back.
Result<RunPlace> make_run_place(const Root& root, const Dir& own);

Result<RunPlace> open_run_place(const Root& root, const Dir& own, const std::string& id);

// "2026-01-01T00:00:00Z", of now.
std::string utc_now();

bool is_run_id(std::string_view name);

}  // namespace dfsck

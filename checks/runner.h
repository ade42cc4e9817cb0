// Checking one root from end to end: scan, derive, check, plan.
#pragma once

#include <string>
#include <vector>

#include "checks/report.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct CheckOptions {
  Level level = Level::Full;
  unsigned jobs = 1;
  std::vector<std::string> only;  // slugs, codes or areas; empty means all. Names are validated with is_selector.
  std::vector<std::string> skip;
};

// True for what --only and --skip accept: a slug, a code, or the name of an area.
bool is_selector(std::string_view name);

// Checks the root at `root`. Never writes. An Error means that it could not be looked at as a Docker root at all
// (for example: a directory that holds nothing of Docker's); everything less is in the report. The report is the
// same at any number of jobs. Stops soon after `cancel` is requested and then says so in the report.
Result<RootReport> check_root(const Root& root, const CheckOptions& options, const Cancel& cancel, Progress& progress);

}  // namespace dfsck

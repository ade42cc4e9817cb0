// What operations that were cut off left behind, and repairs of our own that were.
#include <algorithm>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

Finding& add_file(ProblemId problem, const RelPath& path, FindingSink& sink) {
  Finding& finding = sink.add(problem, {SubjectKind::File, path.text()}, path);
  finding.args["path"] = path.text();
  return finding;
}

// A temporary file that holds the only good copy of a damaged file is what the repair of that file reads.
bool is_needed(const Container& container, const RelPath& path) {
  return container.config_copy == path || container.hostconfig_copy == path;
}

void check_temporary_files(const Model& model, FindingSink& sink) {
  for (const RelPath& path : model.entries.temporary_files) {
    add_file(problem::tmp_sibling_left, path, sink);
  }
  for (const OverlayDir& dir : model.overlay.dirs) {
    for (const RelPath& path : dir.temporaries) {
      add_file(problem::tmp_sibling_left, path, sink);
    }
  }
  for (const Container& container : model.containers.containers) {
    for (const RelPath& path : container.temporaries) {
      if (!is_needed(container, path)) {
        add_file(problem::tmp_sibling_left, path, sink);
      }
    }
  }
}

void check_build_leftovers(const std::vector<RelPath>& paths, const char* noun, FindingSink& sink) {
  if (!paths.empty()) {
    add_file(problem::build_leftover, paths.front().parent(), sink).args["count"] = counted(paths.size(), noun);
  }
}

}  // namespace

void check_leftovers(const CheckInput& input, FindingSink& sink) {
  const Model& model = input.model;
  for (const Leftover& leftover : model.entries.temporary_dirs) {
    add_file(problem::tmp_left, leftover.path, sink).args["count"] = counted(leftover.count, "entry");
  }
  check_temporary_files(model, sink);
  check_build_leftovers(model.build_cache.executor_leftovers, "bundle", sink);
  check_build_leftovers(model.build_cache.ingest_leftovers, "unfinished write", sink);
  for (const std::string& run : model.entries.unfinished_repairs) {
    const RelPath path = RelPath(".docker-fsck") / run;
    sink.add(problem::repair_unfinished, {SubjectKind::File, path.text()}, path).args["run"] = escaped(run);
  }
}

}  // namespace dfsck

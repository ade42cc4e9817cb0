// What operations that were cut off left behind, and repairs of our own that were.
#include "checks/leftovers/leftovers.h"

#include <algorithm>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

Finding& add_left_file(ProblemId problem, const RelPath& path, FindingSink& sink) {
  Finding& finding = sink.add(problem, {SubjectKind::File, path.text()}, path);
  finding.args["path"] = path.text();
  return finding;
}

// A temporary file that holds the only good copy of a damaged file is what the repair of that file reads.
// Moving it aside as garbage in the same run would take the bytes away under the repair.
bool is_needed(const Container& container, const RelPath& path) {
  return container.config_copy == path || container.hostconfig_copy == path;
}

// The daemon writes beside the target, syncs and renames. A crash leaves the
// temporary file, which no daemon reads or removes.
void check_temporary_files(const Model& model, FindingSink& sink) {
  for (const RelPath& path : model.entries.temporary_files) {
    add_left_file(problem::tmp_sibling_left, path, sink);
  }
  for (const OverlayDir& dir : model.overlay.dirs) {
    for (const RelPath& path : dir.temporaries) {
      add_left_file(problem::tmp_sibling_left, path, sink);
    }
  }
  for (const Container& container : model.containers.containers) {
    for (const RelPath& path : container.temporaries) {
      if (!is_needed(container, path)) {
        add_left_file(problem::tmp_sibling_left, path, sink);
      }
    }
  }
}

void check_build_leftovers(const std::vector<RelPath>& paths, const char* noun, FindingSink& sink) {
  if (!paths.empty()) {
    add_left_file(problem::build_leftover, paths.front().parent(), sink).args["count"] = counted(paths.size(), noun);
  }
}

// What the repair took away, as users know it: "image sha256:..., tag app:1".
std::string lost_things(const RunRecord& run) {
  constexpr size_t kShown = 5;
  std::vector<std::string> things;
  for (const RunStep& step : run.steps) {
    for (const Reason& reason : step.reasons) {
      if (step.state == RunStep::State::Done && reason.safety == safety_name(Safety::Lossy) &&
          std::find(things.begin(), things.end(), reason.subject) == things.end()) {
        things.push_back(reason.subject);
      }
    }
  }
  std::string text;
  for (size_t i = 0; i < std::min(things.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + things[i];
  }
  return things.size() > kShown ? text + " and " + std::to_string(things.size() - kShown) + " more" : text;
}

bool took_away(const RunStep& step) {
  return step.state == RunStep::State::Done && step.op == kActionTraits[kActionIndex<Quarantine>].op;
}

}  // namespace

// A repair of class lossy ends with this finding, and each check afterwards repeats it: what was taken
// away would otherwise be forgotten with the terminal. A run that was undone has lost nothing any more.
std::optional<Finding> open_loss(const RunRecord& run) {
  const bool stands = run.state == RunRecord::State::Finished || run.state == RunRecord::State::Stopped;
  if (!stands || !run.lossy || run.acknowledged) {
    return std::nullopt;
  }
  Finding finding;
  finding.problem = problem::loss_unacknowledged;
  finding.path = RelPath(".docker-fsck") / run.id;
  finding.subject = {SubjectKind::File, finding.path.text()};
  finding.args["run"] = run.id;
  finding.args["what"] = lost_things(run);
  return finding;
}

std::map<std::string, Subject> open_losses(std::span<const RunRecord> runs) {
  std::map<std::string, Subject> losses;
  for (const RunRecord& run : runs) {
    const std::optional<Finding> loss = open_loss(run);
    for (const RunStep& step : run.steps) {
      if (loss && took_away(step)) {
        losses.try_emplace(step.path, loss->subject);
      }
    }
  }
  return losses;
}

// After that the missing thing is no news. A purge counts as acknowledgement:
// whoever deletes what was kept has decided.
bool is_acknowledged(const RelPath& path, std::span<const RunRecord> runs) {
  const std::string text = path.text();
  return std::any_of(runs.begin(), runs.end(), [&](const RunRecord& run) {
    return (run.acknowledged || run.state == RunRecord::State::Purged) &&
           std::any_of(run.steps.begin(), run.steps.end(),
                       [&](const RunStep& step) { return took_away(step) && step.path == text; });
  });
}

void check_leftovers(const CheckInput& input, FindingSink& sink) {
  const Model& model = input.model;
  // tmp/ is renamed and emptied at each start of the daemon, so there is nothing to do about it.
  for (const Leftover& leftover : model.entries.temporary_dirs) {
    add_left_file(problem::tmp_left, leftover.path, sink).args["count"] = counted(leftover.count, "entry");
  }
  check_temporary_files(model, sink);
  check_build_leftovers(model.build_cache.executor_leftovers, "bundle", sink);
  check_build_leftovers(model.build_cache.ingest_leftovers, "unfinished write", sink);
  for (const std::string& run : model.entries.unfinished_repairs) {
    const RelPath path = RelPath(".docker-fsck") / run;
    sink.add(problem::repair_unfinished, {SubjectKind::File, path.text()}, path).args["run"] = escaped(run);
  }
  // An error and not a warning, since a daemon would start on such a root and show a part of what there was.
  if (model.entries.is_unfinished_migration) {
    sink.add(problem::migration_unfinished, kRootSubject, RelPath());
  }
  for (const RunRecord& run : input.runs) {
    if (const std::optional<Finding> loss = open_loss(run)) {
      sink.add(loss->problem, loss->subject, loss->path).args = loss->args;
    }
  }
}

}  // namespace dfsck

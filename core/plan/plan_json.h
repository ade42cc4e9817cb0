// Plans as JSON: in journals, and in the file that `--plan` writes and `apply` reads. What is written is read back to
// an equal plan; names, contents and attribute values that are not UTF-8 go as base64 under "<key>_base64".
//
// A plan file is input like any other: the reader is strict (unknown operations, missing or misplaced members, paths
// that are not below the root, numbers out of range are Format errors that name the step) and bounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json/value.h"
#include "core/plan/plan.h"
#include "core/plan/reason.h"

namespace dfsck {

// One step: {"op": ..., "path": ..., ..., "expect": {...}, "reasons": [{...}]}. `reasons` is indexed by the
// step's findings; indices beyond it are left out.
JsonValue step_to_json(const Step& step, const std::vector<Reason>& reasons);

// The step, with its reasons appended to `reasons` (equal ones once) and `findings` as indices into it.
Result<Step> step_from_json(const JsonValue& value, std::vector<Reason>& reasons);

// The same with its group around it: {"group": ..., "needs": [...], "step": {...}}; "needs" where there are any.
JsonValue grouped_step_to_json(const Step& step, const StepGroup& group, const std::vector<Reason>& reasons);

struct GroupedStep {
  Step step;
  std::optional<StepGroup> group;  // nothing: the writer knew of none, as older ones did
};
// `number` is the step's own: no group has a higher one.
Result<GroupedStep> grouped_step_from_json(const JsonValue& value, size_t number, std::vector<Reason>& reasons);

// What `--plan FILE` holds: enough to refuse it on another root or by another version of the format.
struct PlanFile {
  std::string root_path;  // as resolved; for messages
  uint64_t root_device = 0;
  uint64_t root_inode = 0;
  Plan plan;                    // without conflicts
  std::vector<Reason> reasons;  // what the steps' `findings` index
};

// {"schema": "docker-fsck/plan/2", "version": ..., "root": {"path", "device", "inode"}, "steps": [...]}, ending in a
// newline.
std::string to_plan_text(const PlanFile& file);
Result<PlanFile> parse_plan_text(std::string_view text);

}  // namespace dfsck

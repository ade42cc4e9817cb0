// Repairs of repositories.json. The daemon rewrites the whole file at every change, and so do these.
#include "checks/refs/fix_references.h"

#include <optional>
#include <set>

#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/image_verdict.h"
#include "checks/refs/reference_file.h"
#include "checks/table.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

constexpr uint32_t kReferencesMode = 0600;

void write_tags(const CheckInput& input, const Tags& tags, size_t index, PlanBuilder& plan) {
  const RelPath path = input.model.image_path / "repositories.json";
  plan.add(index, stage::kReferences,
           WriteFile{path, repositories_json(tags), daemon_owner(input.model, kReferencesMode)},
           expect_now(input.root, path));
}

// As indices into the model's references.
std::set<size_t> tags_dropped_by(const Model& model, const Finding& finding) {
  const FixFunction fix = problem_of(finding.problem).fix;
  const std::optional<ImageId> image = ImageId::parse(finding.subject.id);
  const bool drops_image = fix == fix_quarantine_image && image && can_go_aside(model.images.find(*image));
  std::set<size_t> dropped;
  const std::vector<Reference>& references = model.images.references.references;
  for (size_t i = 0; i < references.size(); ++i) {
    const bool is_named = fix == fix_drop_tag && escaped(references[i].name) == finding.subject.id &&
                          is_lost_reference(model, references[i]);
    if (is_named || (drops_image && references[i].image == image)) {
      dropped.insert(i);
    }
  }
  return dropped;
}

}  // namespace

bool can_go_aside(const Image* image) {
  return image != nullptr && image->state != FileState::Kind::Unreadable && image->state != FileState::Kind::Absent;
}

// The file is written once with the whole choice in it: repairs that each wrote it without their own tag would
// contradict one another. Not where it does not parse: then it is rebuilt as a whole, and tags of lost images are left
// out there.
void drop_tags(const CheckInput& input, const std::vector<Finding>& findings, const std::vector<size_t>& chosen,
               PlanBuilder& plan) {
  const ReferenceStore& store = input.model.images.references;
  if (!store.file.present() || !store.problem.empty()) {
    return;
  }
  std::set<size_t> dropped;
  std::vector<size_t> droppers;
  for (const size_t i : chosen) {
    const std::set<size_t> tags = tags_dropped_by(input.model, findings[i]);
    if (!tags.empty()) {
      droppers.push_back(i);
      dropped.insert(tags.begin(), tags.end());
    }
  }
  for (const size_t i : droppers) {
    write_tags(input, kept_tags(input.model, dropped), i, plan);
  }
}

void fix_drop_tag(const CheckInput&, const Finding&, size_t, PlanBuilder&) {
  // drop_tags makes its step.
}

// What cannot be proven is left out. An image without a tag can be tagged again; a tag on the wrong image deceives.
void fix_rebuild_repositories(const CheckInput& input, const Finding&, size_t index, PlanBuilder& plan) {
  if (input.model.images.references.file.kind != FileState::Kind::Unreadable) {
    write_tags(input, provable_tags(input.model), index, plan);
  }
}

}  // namespace dfsck

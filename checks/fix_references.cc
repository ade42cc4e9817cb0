// Repairs of repositories.json. The daemon rewrites the whole file at every change, and so do these.
#include "checks/fix_references.h"

#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/image_verdict.h"
#include "checks/reference_file.h"
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

}  // namespace

bool can_go_aside(const Image* image) {
  return image != nullptr && image->state != FileState::Kind::Unreadable && image->state != FileState::Kind::Absent;
}

std::set<size_t> tags_dropped_by(const CheckInput& input, const Finding& finding) {
  std::set<size_t> dropped;
  const FixFunction fix = problem_of(finding.problem).fix;
  const ReferenceStore& store = input.model.images.references;
  if ((fix != fix_drop_tag && fix != fix_quarantine_image) || !store.file.present() || !store.problem.empty()) {
    return dropped;
  }
  const std::optional<ImageId> image = ImageId::parse(finding.subject.id);
  const bool drops_image = fix == fix_quarantine_image && image && can_go_aside(input.model.images.find(*image));
  for (size_t i = 0; i < store.references.size(); ++i) {
    const Reference& reference = store.references[i];
    if (fix == fix_drop_tag ? escaped(reference.name) == finding.subject.id && is_lost_reference(input.model, reference)
                            : drops_image && reference.image == image) {
      dropped.insert(i);
    }
  }
  return dropped;
}

void drop_tags(const CheckInput& input, size_t index, PlanBuilder& plan) {
  const ReferenceStore& store = input.model.images.references;
  if (store.file.present() && store.problem.empty() && input.dropped_tags != nullptr) {
    write_tags(input, kept_tags(input.model, *input.dropped_tags), index, plan);
  }
}

void fix_drop_tag(const CheckInput& input, const Finding&, size_t index, PlanBuilder& plan) {
  drop_tags(input, index, plan);
}

void fix_rebuild_repositories(const CheckInput& input, const Finding&, size_t index, PlanBuilder& plan) {
  if (input.model.images.references.file.kind != FileState::Kind::Unreadable) {
    write_tags(input, provable_tags(input.model), index, plan);
  }
}

}  // namespace dfsck

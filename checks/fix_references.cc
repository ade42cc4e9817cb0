// Repairs of repositories.json. The daemon rewrites the whole file at every change, and so do these.
#include "checks/fix_references.h"

#include "checks/fixes.h"
#include "checks/planner.h"
#include "checks/reference_file.h"

namespace dfsck {
namespace {

constexpr uint32_t kFileMode = 0600;

void write_tags(const CheckInput& input, const Tags& tags, size_t index, PlanBuilder& plan) {
  const RelPath path = input.model.image_path / "repositories.json";
  plan.add(index, stage::kReferences, WriteFile{path, repositories_json(tags), Ownership{0, 0, kFileMode}},
           expect_now(input.root, path));
}

}  // namespace

void drop_lost_tags(const CheckInput& input, size_t index, PlanBuilder& plan) {
  const ReferenceStore& store = input.model.images.references;
  if (store.file.present() && store.problem.empty()) {
    write_tags(input, kept_tags(input.model), index, plan);
  }
}

void fix_drop_tag(const CheckInput& input, const Finding&, size_t index, PlanBuilder& plan) {
  drop_lost_tags(input, index, plan);
}

void fix_rebuild_repositories(const CheckInput& input, const Finding&, size_t index, PlanBuilder& plan) {
  if (input.model.images.references.file.kind != FileState::Kind::Unreadable) {
    write_tags(input, provable_tags(input.model), index, plan);
  }
}

}  // namespace dfsck

// Owners come from the model: whom the daemon of this root runs as.
#include "checks/fix_steps.h"

namespace dfsck {

Ownership layer_owner(const Model& model, uint32_t mode) {
  return {model.owners.layer_uid(), model.owners.layer_gid(), mode};
}

Ownership layer_home_owner(const Model& model, uint32_t mode) {
  return {model.owners.daemon_uid(), model.owners.layer_gid(), mode};
}

Ownership daemon_owner(const Model& model, uint32_t mode) {
  return {model.owners.daemon_uid(), model.owners.daemon_gid(), mode};
}

void add_symlink(const CheckInput& input, int stage, const WriteSymlink& link, Ownership owner, size_t index,
                 PlanBuilder& plan) {
  const Expect now = expect_now(input.root, link.path);
  plan.add(index, stage, link, now);
  if (owner.uid != 0 || owner.gid != 0) {
    plan.add(index, stage, SetOwnership{link.path, owner}, now);
  }
}

}  // namespace dfsck

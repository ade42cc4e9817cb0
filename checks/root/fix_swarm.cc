// Repairs of swarm/: its state file is written again, or moved aside so that the daemon starts outside of the swarm.
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/root/swarm_rebuild.h"

namespace dfsck {
namespace {

constexpr uint32_t kStateMode = 0600;  // moby daemon/cluster/utils.go:savePersistentState

const RelPath kState = "swarm/docker-state.json";

}  // namespace

void fix_restore_swarm_state(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  if (std::optional<SwarmStateRebuild> rebuild = rebuild_swarm_state(input.model.entries.swarm); rebuild) {
    plan.add(index, stage::kSwarm,
             WriteFile{finding.path, std::move(rebuild->bytes), daemon_owner(input.model, kStateMode)},
             expect_now(input.root, finding.path));
  }
}

// moby daemon/cluster/cluster.go:Start takes a missing state file for "in no swarm" and touches nothing else.
void fix_quarantine_swarm_state(const CheckInput& input, const Finding&, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kSwarm, Quarantine{kState}, expect_now(input.root, kState));
}

}  // namespace dfsck

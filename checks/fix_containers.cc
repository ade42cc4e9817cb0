// Repairs of containers/: files put back from newer copies or from what the other file says, and misnamed directories.
#include <algorithm>

#include "checks/fixes.h"
#include "checks/host_config.h"
#include "checks/planner.h"

namespace dfsck {
namespace {

constexpr size_t kLimit = 16 * 1024 * 1024;
// Daemons before 23.0 gave hostconfig.json mode 0644; none needs more than this.
constexpr uint32_t kFileMode = 0600;

const Container* container_of(const CheckInput& input, const Finding& finding) {
  return input.model.containers.find(finding.subject.id);
}

void write(const CheckInput& input, const RelPath& path, std::string bytes, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kContainers, WriteFile{path, std::move(bytes), Ownership{0, 0, kFileMode}},
           expect_now(input.root, path));
}

void write_copy(const CheckInput& input, const RelPath& path, const RelPath& copy, size_t index, PlanBuilder& plan) {
  if (Result<std::string> bytes = input.root.read_small(copy, kLimit); bytes) {
    write(input, path, std::move(*bytes), index, plan);
  }
}

}  // namespace

void fix_restore_container_config(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Container* container = container_of(input, finding);
  if (container != nullptr && container->config_copy && container->config_state != FileState::Kind::Unreadable) {
    write_copy(input, finding.path, *container->config_copy, index, plan);
  }
}

void fix_restore_hostconfig(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Container* container = container_of(input, finding);
  if (container != nullptr && container->hostconfig_copy &&
      container->hostconfig_state != FileState::Kind::Unreadable) {
    write_copy(input, finding.path, *container->hostconfig_copy, index, plan);
  }
}

void fix_rebuild_hostconfig(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Container* container = container_of(input, finding);
  if (container != nullptr && container->hostconfig_state != FileState::Kind::Unreadable) {
    write(input, finding.path, rebuild_host_config(*container).bytes, index, plan);
  }
}

void fix_rename_container_dir(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Container* container = container_of(input, finding);
  const std::optional<ContainerId> id = container != nullptr ? ContainerId::parse(container->id) : std::nullopt;
  if (!id) {
    return;
  }
  const RelPath target = RelPath("containers") / id->text();
  const auto& all = input.model.containers.containers;
  const auto claims = std::count_if(all.begin(), all.end(), [&](const Container& c) { return c.id == id->text(); });
  if (claims == 1 && expect_now(input.root, target).absent) {
    // Behind the stage of containers: what is written inside goes by the old name.
    plan.add(index, stage::kContainers + 1, Rename{container->path, target}, expect_now(input.root, container->path));
  }
}

}  // namespace dfsck

// Repairs of containers/: files put back from newer copies or from what the other file says, and misnamed directories.
#include <algorithm>

#include "checks/containers/host_config.h"
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

constexpr size_t kLimit = 16 * 1024 * 1024;
// Daemons before 23.0 gave hostconfig.json mode 0644; none needs more than this.
constexpr uint32_t kContainerFileMode = 0600;

const Container* container_of(const CheckInput& input, const Finding& finding) {
  return input.model.containers.find(finding.subject.id);
}

void write(const CheckInput& input, const RelPath& path, std::string bytes, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kContainers, WriteFile{path, std::move(bytes), daemon_owner(input.model, kContainerFileMode)},
           expect_now(input.root, path));
}

// The bytes are read when the plan is made, and stand in the plan: what is written later is what was
// looked at, even if the copy is gone by then.
void write_copy(const CheckInput& input, const RelPath& path, const RelPath& copy, size_t index, PlanBuilder& plan) {
  if (Result<std::string> bytes = input.root.read_small(copy, kLimit); bytes) {
    write(input, path, std::move(*bytes), index, plan);
  }
}

// The configuration as it is, but with the directory's name for its ID. moby container/container.go:toDisk writes it
// with a json.Encoder, which ends it with a newline.
void write_id(const CheckInput& input, const Container& container, size_t index, PlanBuilder& plan) {
  const RelPath path = container.path / "config.v2.json";
  const Result<std::string> bytes = input.root.read_small(path, kLimit);
  Result<JsonValue> config = bytes ? parse_json(*bytes) : bytes.error();
  JsonValue::Object* members = config ? config->as_object() : nullptr;
  if (members == nullptr || !container.dir_id) {
    return;
  }
  for (JsonMember& member : *members) {
    if (member.key == "ID") {
      member.value = JsonValue::string(container.name_on_disk);
    }
  }
  write(input, path, to_go_json(*config) + "\n", index, plan);
}

}  // namespace

// Never over a file that could not be read: it may be whole, and the disk or a permission the trouble.
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

// The directory's name and the id in its configuration differ. An entry in layerdb/mounts bears the container's true
// id: where only one of the two has one, the other is wrong; else nothing tells.
void fix_rename_container_dir(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Container* container = container_of(input, finding);
  const std::optional<ContainerId> id = container != nullptr ? ContainerId::parse(container->id) : std::nullopt;
  if (!id || !input.model.layers.mounts_complete) {
    return;
  }
  const bool named = input.model.layers.find_mount(container->name_on_disk) != nullptr;
  const bool configured = input.model.layers.find_mount(id->text()) != nullptr;
  // Both or neither: the names alone do not tell which one is right.
  if (named == configured) {
    return;
  }
  if (named) {
    write_id(input, *container, index, plan);
    return;
  }
  const RelPath target = RelPath("containers") / id->text();
  const auto& all = input.model.containers.containers;
  // Not onto the place of another container, and not where two directories claim one id.
  const auto claims = std::count_if(all.begin(), all.end(), [&](const Container& c) { return c.id == id->text(); });
  if (claims == 1 && expect_now(input.root, target).absent) {
    // Behind the stage of containers: what is written inside goes by the old name.
    plan.add(index, stage::kContainers + 1, Rename{container->path, target}, expect_now(input.root, container->path));
  }
}

}  // namespace dfsck

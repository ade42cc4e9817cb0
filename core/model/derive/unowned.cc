// Who could still be an owner, and short links that lead nowhere.
#include "core/model/derive/unowned.h"

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/model/derive/steps.h"

namespace dfsck {
namespace {

// The mount names a directory that is there and that no other container claims.
bool has_dir_of_its_own(const Model& model, const Derived& derived, const Mount* mount) {
  if (mount == nullptr) {
    return false;
  }
  const std::optional<CacheId>& id = derived.mounts[static_cast<size_t>(mount - model.layers.mounts.data())].dir;
  const OverlayDir* dir = id ? model.overlay.find(*id) : nullptr;
  if (dir == nullptr) {
    return false;
  }
  const std::vector<DirOwner>& owners = derived.find_dir(model, *id)->owners;
  return std::count_if(owners.begin(), owners.end(),
                       [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Writable; }) == 1;
}

// A container whose writable directory is not known makes every directory without an owner suspect of being it.
std::string container_without_dir(const Model& model, const Derived& derived) {
  for (const Container& container : model.containers.containers) {
    const bool known = has_dir_of_its_own(model, derived, model.layers.find_mount(container.name_on_disk));
    const bool of_this_driver = container.driver.empty() || container.driver == model.driver;
    if (container.dir_id && !known && of_this_driver) {
      return container.name_on_disk;
    }
  }
  return "";
}

}  // namespace

OwnerDoubts::OwnerDoubts(const Model& model, const Derived& derived)
    : derived_(derived), homeless_(container_without_dir(model, derived)) {}

// BuildKit's directories are never a container's, so a lost container casts no doubt on them.
std::string OwnerDoubts::about(const OverlayDir& dir) const {
  if (!derived_.owners_complete) {
    return derived_.owners_incomplete_because;
  }
  if (!homeless_.empty() && dir.id.form() != CacheId::Form::BuildKit) {
    return "the directory of container " + homeless_ + " is not known";
  }
  return "";
}

bool is_lost_writable(const Derived& derived, const CacheId& id) {
  return std::any_of(
      derived.lost_writables.begin(), derived.lost_writables.end(),
      [&](const Derived::LostWritable& lost) { return id == lost.dir || id.text() == lost.dir.text() + "-init"; });
}

// A name in a lower file counts even if nothing has it: it may be the only trace of which directory was below.
std::vector<size_t> unclaimed_links(const Model& model, const Derived& derived) {
  std::set<std::string> wanted;
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    if (derived.dirs[i].link) {
      wanted.insert(derived.dirs[i].link->text());
    }
    for (const std::string_view piece : split(model.overlay.dirs[i].lower.bytes, ':')) {
      if (const std::optional<LinkId> link = deriving::link_of_piece(piece); link) {
        wanted.insert(link->text());
      }
    }
  }
  for (const auto& [id, truth] : derived.missing_dirs) {
    if (truth.link) {
      wanted.insert(truth.link->text());
    }
  }
  std::vector<size_t> unclaimed;
  for (size_t i = 0; i < model.overlay.links.size(); ++i) {
    if (!wanted.contains(model.overlay.links[i].name)) {
      unclaimed.push_back(i);
    }
  }
  return unclaimed;
}

}  // namespace dfsck

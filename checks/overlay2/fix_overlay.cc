// Repairs of overlay2's own files: link, lower, short links, markers, work directories; and moving directories aside.
#include "checks/overlay2/fix_overlay.h"

#include "checks/fix_steps.h"
#include "checks/fixes.h"

namespace dfsck {
namespace {

const CacheId* id_of(const CheckInput& input, const Finding& finding) {
  const std::optional<CacheId> id = CacheId::parse(finding.subject.id);
  const OverlayDir* dir = id ? input.model.overlay.find(*id) : nullptr;
  return dir != nullptr ? &dir->id : nullptr;
}

}  // namespace

// Every link that points there, and not only the one that its link file names: a second one would dangle.
void quarantine_dir_and_link(const CheckInput& input, const CacheId& id, size_t index, PlanBuilder& plan) {
  const OverlayDir* dir = input.model.overlay.find(id);
  if (dir == nullptr) {
    return;
  }
  plan.add(index, stage::kGarbage, Quarantine{dir->path}, expect_now(input.root, dir->path));
  for (const ShortLink& link : input.model.overlay.links) {
    if (link.points_to == id) {
      plan.add(index, stage::kGarbage, Quarantine{link.path}, expect_now(input.root, link.path));
    }
  }
}

// The init layer belongs to the pair; alone it would be an orphan that nothing explains.
void fix_quarantine_overlay_dir(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const CacheId* id = id_of(input, finding);
  if (id == nullptr) {
    return;
  }
  quarantine_dir_and_link(input, *id, index, plan);
  if (const std::optional<CacheId> init = id->init(); init) {
    quarantine_dir_and_link(input, *init, index, plan);
  }
}

// No white space behind it: no reader of the daemon trims, and one newline breaks the next mount.
void fix_write_link_file(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const CacheId* id = id_of(input, finding);
  const DirTruth* truth = id != nullptr ? input.derived.find_dir(input.model, *id) : nullptr;
  if (truth != nullptr && truth->link) {
    const RelPath path = input.model.overlay.path / id->text() / "link";
    plan.add(index, stage::kLinks, WriteFile{path, truth->link->text(), daemon_owner(input.model, 0644)},
             expect_now(input.root, path));
  }
}

// Relative, as the daemon writes it, so that a copied root does not point back into the old one.
void fix_write_short_link(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const CacheId* id = id_of(input, finding);
  const DirTruth* truth = id != nullptr ? input.derived.find_dir(input.model, *id) : nullptr;
  if (truth == nullptr || !truth->link) {
    return;
  }
  const RelPath links = input.model.overlay.path / "l";
  if (input.model.overlay.links_dir != FileState::Kind::Present) {
    plan.add(index, stage::kLinks, MakeDir{links, daemon_owner(input.model, 0700)}, expect_now(input.root, links));
  }
  const RelPath path = links / truth->link->text();
  add_symlink(input, stage::kLinks, {path, "../" + id->text() + "/diff"}, daemon_owner(input.model, 0777), index, plan);
}

// After the links of all layers have been put right: the chain is made of their names.
void fix_write_lower(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const CacheId* id = id_of(input, finding);
  const DirTruth* truth = id != nullptr ? input.derived.find_dir(input.model, *id) : nullptr;
  if (truth != nullptr && truth->lower) {
    const RelPath path = input.model.overlay.path / id->text() / "lower";
    plan.add(index, stage::kLower, WriteFile{path, *truth->lower, daemon_owner(input.model, 0644)},
             expect_now(input.root, path));
  }
}

// Empty is right: the kernel makes its own directories in it at the mount.
void fix_make_work_dir(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kDirs, MakeDir{finding.path, layer_owner(input.model, 0700)},
           expect_now(input.root, finding.path));
}

void fix_make_committed(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kDirs, WriteFile{finding.path, "", daemon_owner(input.model, 0600)},
           expect_now(input.root, finding.path));
}

}  // namespace dfsck

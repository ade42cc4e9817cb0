// Repairs of layer trees and of tar-split.
#include "checks/content/entry_fixer.h"
#include "checks/fix_steps.h"
#include "checks/fixes.h"

namespace dfsck {
namespace {

constexpr uint32_t kOverlayDirMode = 0710;  // moby overlay2/overlay.go:create
constexpr uint32_t kDiffMode = 0755;
constexpr uint32_t kMarkMode = 0600;

bool is_hard_link(const Issue& issue) { return issue.expected->is_hard_link; }

}  // namespace

void fix_layer_entry(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  if (!finding.content) {
    return;
  }
  const Issue& issue = input.content.layers[finding.content->layer].issues[finding.content->issue];
  if (issue.expected) {
    EntryFixer(input, finding.path, finding.content->layer, issue, index, plan).fix();
  }
}

// The bytes of the compressed file may differ from those that were lost. What counts is what is in it:
// the tar that it describes has been hashed to the DiffID before this was offered.
void fix_restore_tar_split(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const RebuiltReference* rebuilt = finding.content ? input.content.find_reference(finding.content->layer) : nullptr;
  if (rebuilt != nullptr) {
    plan.add(index, stage::kLayers, WriteFile{finding.path, rebuilt->tar_split, daemon_owner(input.model, 0644)},
             expect_now(input.root, finding.path));
  }
}

// A hard link needs the file that it is a name of, which may come behind it.
void fix_restore_layer_tree(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const RelPath diff = finding.path / "diff";
  plan.add(index, stage::kContent, MakeDir{finding.path, layer_home_owner(input.model, kOverlayDirMode)},
           expect_now(input.root, finding.path));
  plan.add(index, stage::kContent, MakeDir{diff, layer_owner(input.model, kDiffMode)}, expect_now(input.root, diff));
  const std::optional<CacheId> id = CacheId::parse(finding.path.name());
  // The members beside diff, which are link, lower and work, are made by the checks of overlay2 as soon
  // as the directory is there: in the next pass.
  const DirTruth* truth = id ? input.derived.find_dir(input.model, *id) : nullptr;
  if (truth != nullptr && truth->has_children && input.model.overlay.find(*id) == nullptr) {
    // Children that are older than all marks do not prove later that this one should have one.
    const RelPath mark = finding.path / "committed";
    plan.add(index, stage::kContent, WriteFile{mark, "", daemon_owner(input.model, kMarkMode)},
             expect_now(input.root, mark));
  }
  const size_t layer = finding.content->layer;
  const std::vector<Issue>& issues = input.content.layers[layer].issues;
  // In the tar's order a hard link comes behind its file; in the order of names, which is this one, it may not.
  for (const bool links : {false, true}) {
    for (size_t i = 0; i < issues.size(); ++i) {
      const std::optional<RelPath> inside = RelPath::parse(issues[i].path);
      if (!inside || is_hard_link(issues[i]) != links) {
        continue;
      }
      const RelPath path = diff.joined(*inside);
      EntryFixer fixer(input, path, layer, issues[i], index, plan);
      if (const Remedy* remedy = input.content.find_remedy(layer, i); remedy != nullptr) {
        fixer.restore({remedy->issue, remedy->origin, {}, {}});
      } else {
        fixer.fix();
      }
    }
  }
}

// The finding is there only because these bytes make the layer's digest right.
void fix_restore_file(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Remedy* remedy =
      finding.content ? input.content.find_remedy(finding.content->layer, finding.content->issue) : nullptr;
  if (remedy != nullptr) {
    const Issue& issue = input.content.layers[finding.content->layer].issues[finding.content->issue];
    EntryFixer(input, finding.path, finding.content->layer, issue, index, plan).restore(*remedy);
  }
}

}  // namespace dfsck

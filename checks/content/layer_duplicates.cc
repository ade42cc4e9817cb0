// Invariant: a second directory of a layer is what the layer's tar was, as the first one is. What was built on it is
// mounted on it, and never on the layer's own directory.
#include "checks/content/layer_duplicates.h"

#include <algorithm>

#include "checks/checks.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/model/derive/steps.h"

namespace dfsck {
namespace {

std::vector<Subject> subjects_of(const DirTruth& truth) {
  std::vector<Subject> subjects;
  for (const DirOwner& owner : truth.owners) {
    if (owner.kind == DirOwner::Kind::Layer) {
      subjects.push_back({SubjectKind::Layer, owner.name});
    } else if (owner.kind == DirOwner::Kind::Writable) {
      subjects.push_back({SubjectKind::Container, owner.name});
    }
  }
  return subjects;
}

}  // namespace

// By what is in `lower` now: that is what is mounted.
Chains chains_of(const CheckInput& input) {
  const deriving::LinkMap links(input.model.overlay);
  Chains chains;
  for (const OverlayDir& dir : input.model.overlay.dirs) {
    chains.push_back(links.pieces(dir));
  }
  return chains;
}

std::vector<StandsOn> standing_on(const Chains& chains, const CacheId& duplicate) {
  std::vector<StandsOn> standing;
  for (size_t i = 0; i < chains.size(); ++i) {
    if (const auto found = std::find(chains[i].begin(), chains[i].end(), duplicate); found != chains[i].end()) {
      standing.push_back({i, static_cast<size_t>(found - chains[i].begin())});
    }
  }
  return standing;
}

// At the depth of this check: after a quick look at the names the one directory is no better known than
// the other. Full contents on one side only would prove nothing for what stands on the other.
bool is_replaceable(const CheckInput& input, const DuplicateDirectory& duplicate) {
  const LayerVerdict::State own = input.content.layers[duplicate.layer].state;
  return own == LayerVerdict::State::Verified ||
         (own == LayerVerdict::State::HeadersMatch && input.level == Level::Quick);
}

// An error even where the layer's own directory is whole: what BuildKit built stands on the directory
// that BuildKit had of that layer, and that is what is mounted.
void check_layer_duplicates(const CheckInput& input, FindingSink& sink) {
  const Chains chains = input.content.duplicates.empty() ? Chains() : chains_of(input);
  for (const DuplicateDirectory& duplicate : input.content.duplicates) {
    if (!duplicate.is_damaged()) {
      continue;
    }
    const OverlayDir& dir = input.model.overlay.dirs[duplicate.dir];
    Finding& finding =
        sink.add(problem::layer_twin_damaged, {SubjectKind::OverlayDir, dir.id.text()}, dir.path / "diff");
    finding.args["dir"] = dir.id.text();
    finding.args["layer"] = input.model.layers.layers[duplicate.layer].id.text();
    const std::vector<Issue>& issues = duplicate.verdict.issues;
    const auto is_wrong = [](const Issue& issue) { return issue.kind != IssueKind::TimeDrift; };
    const auto first = std::find_if(issues.begin(), issues.end(), is_wrong);
    finding.args["count"] =
        counted(static_cast<size_t>(std::count_if(issues.begin(), issues.end(), is_wrong)), "difference");
    finding.args["file"] = first == issues.end() || first->path.empty() ? "in the top directory" : escaped(first->path);
    for (const StandsOn& above : standing_on(chains, dir.id)) {
      const std::vector<Subject> subjects = subjects_of(input.derived.dirs[above.dir]);
      finding.hits.insert(finding.hits.end(), subjects.begin(), subjects.end());
    }
  }
}

}  // namespace dfsck

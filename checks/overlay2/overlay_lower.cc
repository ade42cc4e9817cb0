// Invariant: a layer's "lower" holds the link ids of everything below it, nearest first. A wrong one is inherited by
// every layer made on it later (moby overlay2/overlay.go:getLower copies without looking), so each is checked against
// what the chain must be, not against its neighbours.
#include <algorithm>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/text.h"
#include "core/model/derive/steps.h"

namespace dfsck {
namespace {

// How `found` differs from `expected`, in words behind "overlay2/.../lower".
// The daemon joins each piece to its directory without a look at it: an empty one becomes the directory
// of all layers, which the kernel refuses as overlapping, or shows.
std::string difference(const std::string& found, const std::string& expected) {
  if (trimmed(found) == expected) {
    return "has white space around its chain";
  }
  const auto have = split(found, ':');
  const auto want = split(expected, ':');
  for (size_t i = 0; i < have.size(); ++i) {
    if (!deriving::link_of_piece(have[i])) {
      return "has a piece that names no layer (the " + std::to_string(i + 1) + ". of " + std::to_string(have.size()) +
             ")";
    }
  }
  if (have.size() != want.size()) {
    return "names " + counted(have.size(), "layer") + ", should name " + std::to_string(want.size());
  }
  const auto [at, other] = std::mismatch(have.begin(), have.end(), want.begin());
  return "names the wrong layer at place " + std::to_string(at - have.begin() + 1) + " of " +
         std::to_string(want.size());
}

// Repairs go by stages, links before chains, so that the expected chain is made of the links as they will be.
void check_lower(const OverlayDir& dir, const DirTruth& truth, FindingSink& sink) {
  const RelPath path = dir.path / "lower";
  const Subject subject{SubjectKind::OverlayDir, dir.id.text()};
  const auto add = [&](ProblemId problem) -> Finding& {
    Finding& finding = sink.add(problem, subject, path);
    finding.args["dir"] = dir.id.text();
    finding.args["depth"] = counted(truth.depth, "layer");
    return finding;
  };
  if (dir.lower.kind == FileState::Kind::Unreadable) {
    return;
  }
  if (truth.parent_known && !truth.parent) {
    if (!dir.lower.absent()) {
      add(problem::lower_unexpected);
    }
  } else if (!truth.lower) {
    // Only what cannot be known because of other damage; when that is repaired the next pass knows.
    add(problem::lower_undetermined).args["reason"] = truth.unknown_reason;
  } else if (dir.lower.absent()) {
    // The most treacherous: the daemon takes the layer for a base layer and mounts it alone. Save
    // works, the digest is right, and a container lacks all but this layer's files.
    add(problem::lower_missing);
  } else if (!dir.lower.present() || dir.lower.empty() || dir.lower.zero_filled()) {
    add(problem::lower_empty).args["state"] = dir.lower.problem();
  } else if (dir.lower.bytes != *truth.lower) {
    add(problem::lower_wrong).args["state"] = difference(dir.lower.bytes, *truth.lower);
  }
}

}  // namespace

void check_overlay_lower(const CheckInput& input, FindingSink& sink) {
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const DirTruth& truth = input.derived.dirs[i];
    if (!truth.owners.empty() && truth.owners.front().kind != DirOwner::Kind::Removing) {
      check_lower(input.model.overlay.dirs[i], truth, sink);
    }
  }
}

}  // namespace dfsck

// Invariant: every layer directory's "link" names an entry of overlay2/l that points back at ../<dir>/diff, and no two
// directories share one. Since 18.06 no daemon ever makes a lost short link again.
#include <map>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/escape.h"
#include "core/model/derive/unowned.h"

namespace dfsck {
namespace {

// With the proof in words: why this id and no other, for whoever is asked to trust the repair.
Finding& add(FindingSink& sink, ProblemId problem, const OverlayDir& dir, RelPath path, const DirTruth& truth) {
  Finding& finding = sink.add(problem, {SubjectKind::OverlayDir, dir.id.text()}, std::move(path));
  finding.args["dir"] = dir.id.text();
  finding.args["link"] = truth.link->text();
  finding.args["proof"] = truth.link_proof;
  return finding;
}

// The directory other than `dir` that rightly carries the link id.
const OverlayDir* other_with(const CheckInput& input, const std::multimap<LinkId, const OverlayDir*>& by_link,
                             const OverlayDir& dir) {
  const auto [first, last] = by_link.equal_range(*dir.link_id);
  for (auto it = first; it != last; ++it) {
    const DirTruth* truth = input.derived.find_dir(input.model, it->second->id);
    if (it->second != &dir && truth->link == dir.link_id) {
      return it->second;
    }
  }
  return nullptr;
}

// An empty link file is the most frequent damage of all, since daemons before 20.10.27, 23.0.8 and 24.0.7
// did not sync it. It does nothing to what exists. But each layer that is made on this one gets a chain
// whose first piece is "l", and shows the directory of short links where the files of this layer should be.
void check_link_file(const CheckInput& input, const std::multimap<LinkId, const OverlayDir*>& by_link,
                     const OverlayDir& dir, const DirTruth& truth, FindingSink& sink) {
  const RelPath path = dir.path / "link";
  if (dir.link.kind == FileState::Kind::Unreadable || dir.link_id == truth.link) {
    return;
  }
  if (dir.link.absent()) {
    add(sink, problem::link_file_missing, dir, path, truth);
  } else if (!dir.link_id) {
    add(sink, problem::link_file_bad, dir, path, truth).args["state"] = dir.link.problem();
  } else if (const OverlayDir* other = other_with(input, by_link, dir); other != nullptr) {
    // Two directories with one id, as merged roots have it: the kernel refuses a chain with both
    // (ELOOP), and a chain with one of them may get the other's files.
    Finding& finding = add(sink, problem::link_id_duplicate, dir, path, truth);
    finding.args["found"] = dir.link_id->text();
    finding.args["other"] = other->id.text();
  } else {
    add(sink, problem::link_file_bad, dir, path, truth).args["state"] =
        "holding another id (" + dir.link_id->text() + ")";
  }
}

// Chains name layers by these links alone, so one that is lost stops every container that has it
// anywhere below. The directory itself is whole, and the link can be made from its link file.
void check_short_link(const CheckInput& input, const OverlayDir& dir, const DirTruth& truth, FindingSink& sink) {
  const RelPath path = input.model.overlay.path / "l" / truth.link->text();
  const ShortLink* link = input.model.overlay.find_link(truth.link->text());
  if (link == nullptr) {
    Finding& finding = add(sink, problem::short_link_missing, dir, path, truth);
    if (input.model.overlay.links_dir == FileState::Kind::WrongType) {
      finding.cause = Subject{SubjectKind::File, path.parent().text()};
    }
  } else if (link->points_to != dir.id) {
    add(sink, problem::short_link_wrong, dir, path, truth).args["state"] =
        link->mode == S_IFLNK ? "points to " + escaped_excerpt(link->target, 120)
                              : "is a " + std::string(type_name(link->mode));
  }
}

// The daemon makes the link before the link file and after a crash takes a new name, so the old one
// stays. A link that some chain still names is not among these: it is evidence of which layer was there.
void check_dangling(const CheckInput& input, FindingSink& sink) {
  for (const size_t i : unclaimed_links(input.model, input.derived)) {
    const ShortLink& link = input.model.overlay.links[i];
    Finding& finding = sink.add(problem::short_link_dangling, {SubjectKind::Link, escaped(link.name)}, link.path);
    finding.args["link"] = escaped(link.name);
    finding.args["state"] = link.mode != S_IFLNK ? "is a " + std::string(type_name(link.mode))
                            : !link.points_to    ? "points to " + escaped_excerpt(link.target, 120)
                            : input.model.overlay.find(*link.points_to) == nullptr
                                ? "points to overlay2/" + link.points_to->text() + ", which is gone"
                                : "points to overlay2/" + link.points_to->text() + ", which has another link id";
  }
}

}  // namespace

void check_overlay_links(const CheckInput& input, FindingSink& sink) {
  if (!input.model.overlay.exists) {
    return;
  }
  std::multimap<LinkId, const OverlayDir*> by_link;
  for (const OverlayDir& dir : input.model.overlay.dirs) {
    if (dir.link_id) {
      by_link.emplace(*dir.link_id, &dir);
    }
  }
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const DirTruth& truth = input.derived.dirs[i];
    // Directories without an owner are judged as a whole, and what is being removed has lost its link first.
    if (!truth.owners.empty() && truth.owners.front().kind != DirOwner::Kind::Removing && truth.link) {
      check_link_file(input, by_link, input.model.overlay.dirs[i], truth, sink);
      check_short_link(input, input.model.overlay.dirs[i], truth, sink);
    }
  }
  if (input.model.overlay.links_dir != FileState::Kind::Unreadable) {
    check_dangling(input, sink);
  }
}

}  // namespace dfsck

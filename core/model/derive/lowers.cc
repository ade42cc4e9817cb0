// What "lower" must hold: the link ids of everything below, nearest first (overlay2/overlay.go:getLower).
#include <map>

#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

// The whole text is worked out from the base upwards and not repaired where it is wrong: a parent with an empty link
// file has made all its descendants inherit a bad piece, and the daemon itself copies the text of the parent without
// a look (overlay2/overlay.go:getLower).
class Lowers {
 public:
  Lowers(const Model& model, Derived& derived) : model_(model), derived_(derived) {}

  // Without recursion, since the depth is the disk's word; each directory is finished once, so that all chains
  // together cost no more than their directories.
  void work_out(DirTruth& start) {
    // Down to something that is worked out already or stands on nothing, then up again.
    std::vector<DirTruth*> path;
    for (DirTruth* at = &start; at != nullptr && marks_[at] == Mark::New; at = parent_of(*at)) {
      marks_[at] = Mark::Open;
      path.push_back(at);
    }
    for (auto at = path.rbegin(); at != path.rend(); ++at) {
      finish(**at);
      marks_[*at] = Mark::Done;
    }
  }

 private:
  enum class Mark { New, Open, Done };

  DirTruth* parent_of(const DirTruth& truth) {
    return truth.parent_known && truth.parent ? derived_.find_dir(model_, *truth.parent) : nullptr;
  }

  void finish(DirTruth& truth) {
    if (!truth.parent_known || !truth.parent) {
      return;
    }
    DirTruth* parent = parent_of(truth);
    if (parent == nullptr) {
      truth.unknown_reason = "overlay2/" + truth.parent->text() + " below it is missing";
      return;
    }
    // Which is also what the marker "committed" says since 19.03.3: a directory that another stands on is mounted
    // read-only.
    parent->has_children = true;
    const bool base = parent->parent_known && !parent->parent;
    if (marks_[parent] == Mark::Open) {
      truth.unknown_reason = "its parents run in a circle";
    } else if (!parent->link) {
      truth.unknown_reason = "the link id of overlay2/" + truth.parent->text() + " below it is lost";
    } else if (parent->depth >= kMaxDepth) {
      truth.unknown_reason = "more than " + std::to_string(kMaxDepth) + " layers are below it";
    } else if (!parent->lower && !base) {
      truth.unknown_reason = parent->unknown_reason;
    } else {
      truth.lower = "l/" + parent->link->text() + (parent->lower ? ":" + *parent->lower : "");
      truth.depth = parent->depth + 1;
    }
  }

  const Model& model_;
  Derived& derived_;
  std::map<const DirTruth*, Mark> marks_;
};

}  // namespace

void derive_lowers(const Model& model, Derived& derived) {
  Lowers lowers(model, derived);
  for (DirTruth& truth : derived.dirs) {
    lowers.work_out(truth);
  }
  for (auto& [id, truth] : derived.missing_dirs) {
    lowers.work_out(truth);
  }
}

}  // namespace dfsck::deriving

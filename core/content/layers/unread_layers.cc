// By path: the process-wide list of unread things knows nothing of layers.
#include "core/content/layers/unread_layers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string>

#include "core/content/layers/verify_layers.h"
#include "core/fs/root_unread.h"
#include "core/model/out_of_sight.h"

namespace dfsck {
namespace {

using State = LayerVerdict::State;

// One unread thing for each directory of a layer, in layerdb or of the driver.
class UnreadPlaces {
 public:
  UnreadPlaces(const Root& root, const Model& model, size_t from) {
    const std::array<RelPath, 2> bases{model.overlay.path, model.image_path / "layerdb/sha256"};
    for (const RootUnread& unread : unread_in(root, from)) {
      // The comparison has taken that into account.
      if (unread.code == EACCES && is_out_of_sight(root, model.owners, model.overlay.path, unread.path)) {
        continue;
      }
      for (const RelPath& base : bases) {
        if (unread.path.is_below(base)) {
          const std::string below = unread.path.bytes().substr(base.bytes().size() + 1);
          places_.emplace(base / below.substr(0, below.find('/')), unread);
        }
      }
    }
  }

  bool empty() const { return places_.empty(); }
  const RootUnread* find(const RelPath& place) const {
    const auto found = places_.find(place);
    return found == places_.end() ? nullptr : &found->second;
  }
  // What the comparison of this input depended on.
  // Layers below count as well, because whiteouts and marks are judged by what they hide there.
  const RootUnread* find(const LayerInput& input) const {
    const RootUnread* unread = find(input.diff_dir.parent());
    unread = unread != nullptr ? unread : find(input.tar_split.parent());
    for (size_t i = 0; unread == nullptr && i < input.lower_diffs.size(); ++i) {
      unread = find(input.lower_diffs[i].parent());
    }
    return unread;
  }

 private:
  std::map<RelPath, RootUnread> places_;
};

void set_aside(const RootUnread& unread, LayerVerdict& verdict) {
  const bool said = verdict.state == State::Unreadable ||
                    std::any_of(verdict.issues.begin(), verdict.issues.end(),
                                [](const Issue& issue) { return issue.kind == IssueKind::Unreadable; });
  if (said || verdict.state == State::NotChecked || verdict.state == State::Cancelled) {
    return;
  }
  const Error error{Error::Kind::Io, unread.code, unread.op, unread.path.text(), ""};
  verdict.state = State::Unreadable;
  verdict.reason = error.message();
  verdict.code = unread.code;
  // A refusal makes what was found worthless; an error of the disk does not, since what could be read was read rightly.
  if (verdict.is_unknown()) {
    verdict.issues.clear();
  }
}

}  // namespace

void set_aside_unread(const Root& root, const Model& model, const Derived& derived, size_t from,
                      ContentResults& results) {
  const UnreadPlaces places(root, model, from);
  if (places.empty()) {
    return;
  }
  for (size_t i = 0; i < results.layers.size(); ++i) {
    const std::optional<LayerInput> input = layer_input(model, derived, i);
    if (const RootUnread* unread = input ? places.find(*input) : nullptr; unread != nullptr) {
      set_aside(*unread, results.layers[i]);
    }
  }
  for (DuplicateDirectory& duplicate : results.duplicates) {
    std::optional<LayerInput> input = layer_input(model, derived, duplicate.layer);
    if (input) {
      input->diff_dir = model.overlay.dirs[duplicate.dir].path / "diff";
    }
    if (const RootUnread* unread = input ? places.find(*input) : nullptr; unread != nullptr) {
      set_aside(*unread, duplicate.verdict);
    }
  }
}

}  // namespace dfsck

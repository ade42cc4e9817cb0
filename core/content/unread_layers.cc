// By path: the process-wide list of unread things knows nothing of layers.
#include "core/content/unread_layers.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/base/escape.h"
#include "core/base/unread.h"
#include "core/content/verify_layers.h"

namespace dfsck {
namespace {

using State = LayerVerdict::State;

bool is_at_or_below(const std::string& path, const std::string& base) {
  return path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

// One unread thing for each directory of a layer, in layerdb or of the driver. `known`: absolute paths of which findings tell
// already why they cannot be read.
class UnreadPlaces {
 public:
  UnreadPlaces(const Root& root, const Model& model, size_t from, const std::vector<std::string>& known) {
    const std::string top = root.path() == "/" ? "/" : root.path() + "/";
    for (const RelPath& base : {model.overlay.path, model.image_path / "layerdb/sha256"}) {
      for (const Unread& unread : unread_below(top + base.bytes(), from)) {
        if (std::any_of(known.begin(), known.end(),
                        [&](const std::string& path) { return is_at_or_below(unread.path, path); })) {
          continue;
        }
        const std::string below = unread.path.substr(std::min(unread.path.size(), top.size() + base.bytes().size() + 1));
        if (const std::string name = below.substr(0, below.find('/')); RelPath::is_component(name)) {
          places_.emplace(base / name, unread);
        }
      }
    }
  }

  bool empty() const { return places_.empty(); }
  const Unread* find(const RelPath& place) const {
    const auto found = places_.find(place);
    return found == places_.end() ? nullptr : &found->second;
  }
  // What the comparison of this input depended on.
  const Unread* find(const LayerInput& input) const {
    const Unread* unread = find(input.diff_dir.parent());
    unread = unread != nullptr ? unread : find(input.tar_split.parent());
    for (size_t i = 0; unread == nullptr && i < input.lower_diffs.size(); ++i) {
      unread = find(input.lower_diffs[i].parent());
    }
    return unread;
  }

 private:
  std::map<RelPath, Unread> places_;
};

// What belongs to ids that this user namespace does not have.
std::vector<std::string> out_of_sight(const Root& root, const Model& model, const Derived& derived,
                                      const ContentResults& results) {
  std::vector<std::string> paths;
  const auto add = [&](const LayerVerdict& verdict, const RelPath& diff) {
    for (const Issue& issue : verdict.issues) {
      if (issue.kind == IssueKind::OwnerHidden) {
        paths.push_back(root.path() + "/" + diff.bytes() + (issue.path.empty() ? "" : "/" + issue.path));
      }
    }
  };
  for (size_t i = 0; i < results.layers.size(); ++i) {
    if (const std::optional<LayerInput> input = layer_input(model, derived, i); input) {
      add(results.layers[i], input->diff_dir);
    }
  }
  for (const TwinVerdict& twin : results.twins) {
    add(twin.verdict, model.overlay.dirs[twin.dir].path / "diff");
  }
  return paths;
}

void set_aside(const Unread& unread, LayerVerdict& verdict) {
  const bool said = verdict.state == State::Unreadable ||
                    std::any_of(verdict.issues.begin(), verdict.issues.end(),
                                [](const Issue& issue) { return issue.kind == IssueKind::Unreadable; });
  if (said || verdict.state == State::NotChecked || verdict.state == State::Cancelled) {
    return;
  }
  const Error error{Error::Kind::Io, unread.code, unread.op, escaped(unread.path), ""};
  verdict.state = State::Unreadable;
  verdict.reason = error.message();
  verdict.code = unread.code;
  if (verdict.is_unknown()) {
    verdict.issues.clear();
  }
}

}  // namespace

void set_aside_unread(const Root& root, const Model& model, const Derived& derived, size_t from,
                      ContentResults& results) {
  const UnreadPlaces places(root, model, from, out_of_sight(root, model, derived, results));
  if (places.empty()) {
    return;
  }
  for (size_t i = 0; i < results.layers.size(); ++i) {
    const std::optional<LayerInput> input = layer_input(model, derived, i);
    if (const Unread* unread = input ? places.find(*input) : nullptr; unread != nullptr) {
      set_aside(*unread, results.layers[i]);
    }
  }
  for (TwinVerdict& twin : results.twins) {
    std::optional<LayerInput> input = layer_input(model, derived, twin.layer);
    if (input) {
      input->diff_dir = model.overlay.dirs[twin.dir].path / "diff";
    }
    if (const Unread* unread = input ? places.find(*input) : nullptr; unread != nullptr) {
      set_aside(*unread, twin.verdict);
    }
  }
}

}  // namespace dfsck

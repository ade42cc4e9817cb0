// Invariant: no operation on layers was cut off. Most of what is left is only litter, but an unfinished removal is
// carried on at each clean stop of a daemon since 20.10, which deletes what its cache-id names (moby
// layer/layer_store.go:Cleanup, overlay2/overlay.go:Remove) whoever else uses it.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/escape.h"
#include "core/model/derive/unowned.h"

namespace dfsck {
namespace {

struct Threat {
  std::string to;  // "overlay2/<id>, the directory of layer sha256:..."
  std::vector<Subject> hits;
};

class Removals {
 public:
  explicit Removals(const CheckInput& input) : model_(input.model), derived_(input.derived), doubts_(model_, derived_) {
    for (size_t i = 0; i < model_.layers.layers.size(); ++i) {
      const Layer& layer = model_.layers.layers[i];
      // As the file says and as it should be: until the entry is repaired the daemon goes by the file.
      use(layer.cache_text, "layer " + layer.id.text(), {SubjectKind::Layer, layer.id.text()});
      if (derived_.layers[i].cache && derived_.layers[i].cache->text() != layer.cache_text) {
        use(derived_.layers[i].cache->text(), "layer " + layer.id.text(), {SubjectKind::Layer, layer.id.text()});
      }
    }
    for (size_t i = 0; i < model_.layers.mounts.size(); ++i) {
      const Mount& mount = model_.layers.mounts[i];
      for (const auto& dir : {mount.dir, mount.init_dir, derived_.mounts[i].dir, derived_.mounts[i].init_dir}) {
        use(dir ? dir->text() : "", (mount.of_build ? "a build, " : "container ") + mount.name,
            {SubjectKind::Container, mount.name});
      }
    }
    for (const BuildSnapshot& snapshot : model_.build_cache.snapshots) {
      use(snapshot.committed, "the build cache", {SubjectKind::BuildCache, snapshot.key});
      use(snapshot.parent ? snapshot.key : "", "the build cache", {SubjectKind::BuildCache, snapshot.key});
    }
  }

  // What of the living the removal would delete; nothing if it is only litter.
  // Class safe although something is moved aside: without the entry the daemon deletes nothing, and
  // nothing else reads it. Leaving it is what would lose data.
  std::optional<Threat> threat_of(const RemovingLayer& removing) const {
    // The daemon reads through the link, and what that gives depends on the host on which it runs.
    if (removing.cache_id.kind == FileState::Kind::WrongType && S_ISLNK(removing.cache_id.mode)) {
      return Threat{"by a symbolic link (cache-id) what cannot be told here", {}};
    }
    if (removing.cache_id.kind == FileState::Kind::TooLarge) {
      return Threat{"what cannot be told: its cache-id is far too long", {}};
    }
    const std::string& text = removing.cache_text;
    // The kernel takes no name with a zero byte in it, and the daemon no empty one.
    if (text.empty() || text.find('\0') != std::string::npos) {
      return std::nullopt;
    }
    if (const auto user = users_.find(text); user != users_.end()) {
      return Threat{path_of(text) + ", the directory of " + user->second.words, {user->second.subject}};
    }
    return removing.cache ? threat_to_dir(*removing.cache) : threat_to_path(text);
  }

 private:
  struct User {
    std::string words;
    Subject subject;
  };

  void use(const std::string& dir, std::string words, Subject subject) {
    if (!dir.empty()) {
      users_.try_emplace(dir, User{std::move(words), std::move(subject)});
    }
  }

  std::string path_of(const std::string& text) const { return model_.overlay.path.text() + "/" + escaped(text); }

  // Nobody names the directory itself.
  std::optional<Threat> threat_to_dir(const CacheId& id) const {
    const OverlayDir* dir = model_.overlay.find(id);
    if (dir == nullptr) {
      return std::nullopt;
    }
    const std::vector<Subject> hits{{SubjectKind::OverlayDir, id.text()}};
    const DirTruth& truth = *derived_.find_dir(model_, id);
    if (truth.live) {
      return Threat{path_of(id.text()) + ", which others stand on", hits};
    }
    if (const std::string doubt = doubts_.about(*dir); !doubt.empty()) {
      return Threat{path_of(id.text()) + ", and whether anything uses it cannot be told: " + doubt, hits};
    }
    return threat_by_link(*dir);
  }

  // With the directory goes the short link that its link file names, as it stands there.
  // moby overlay2/overlay.go:Remove joins whatever the link file holds to the directory of links and
  // removes that path, so a wrong id takes a living layer's link away.
  std::optional<Threat> threat_by_link(const OverlayDir& dir) const {
    const std::string& link = dir.link.bytes;
    for (size_t i = 0; i < derived_.dirs.size(); ++i) {
      const OverlayDir& other = model_.overlay.dirs[i];
      const DirTruth& truth = derived_.dirs[i];
      if (other.id != dir.id && truth.live && truth.link && truth.link->text() == link) {
        return Threat{dir.path.text() + ", whose link file names the short link of " + other.path.text(),
                      {{SubjectKind::OverlayDir, other.id.text()}}};
      }
    }
    return leads_away(link)
               ? std::optional(
                     Threat{dir.path.text() + ", whose link file leads to another place (" + escaped(link) + ")", {}})
               : std::nullopt;
  }

  // The daemon joins the text to the driver's directory, whatever it is.
  std::optional<Threat> threat_to_path(const std::string& text) const {
    const auto is_text = [&](const std::string& name) { return name == text; };
    const auto names = [&](const auto& list) {
      return std::any_of(list.begin(), list.end(), [&](const DirEntry& entry) { return entry.name == text; });
    };
    const bool is_plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
    const bool is_there = text == "l" || names(model_.overlay.foreign) ||
                          std::any_of(model_.overlay.probe_dirs.begin(), model_.overlay.probe_dirs.end(), is_text);
    if (is_plain && !leads_away(text) && !is_there) {
      return std::nullopt;
    }
    return Threat{path_of(text) + ", which is no layer's directory", {}};
  }

  static bool leads_away(const std::string& text) {
    return text.find('\0') == std::string::npos && (text == "." || text == ".." || text.find('/') != std::string::npos);
  }

  const Model& model_;
  const Derived& derived_;
  OwnerDoubts doubts_;
  std::map<std::string, User> users_;  // by what they name
};

}  // namespace

void check_layer_leftovers(const CheckInput& input, FindingSink& sink) {
  const std::vector<RemovingLayer>& removals = input.model.layers.removing;
  const std::optional<Removals> judge = removals.empty() ? std::nullopt : std::optional<Removals>(input);
  for (const RemovingLayer& removing : removals) {
    // Cleanup skips an entry whose cache-id it cannot read, and so does this.
    if (removing.cache_id.kind == FileState::Kind::Unreadable) {
      continue;  // a failure of the scan, which is named as such
    }
    std::optional<Threat> threat = judge->threat_of(removing);
    Finding& finding = sink.add(threat ? problem::layer_removing_live : problem::layer_removing_left,
                                {SubjectKind::Layer, escaped(removing.path.name())}, removing.path);
    finding.args["layer"] = removing.id.text();
    if (threat) {
      finding.args["entry"] = removing.path.text();
      finding.args["threat"] = std::move(threat->to);
      finding.hits = std::move(threat->hits);
    }
  }
  for (const RelPath& path : input.model.layers.write_sets) {
    sink.add(problem::layer_write_set_left, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
}

}  // namespace dfsck

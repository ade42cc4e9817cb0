// Looking at the roots; telling paths from names.
#include "cmd/show/roots.h"

#include <algorithm>

#include "cmd/options/nearest.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/tar/layer_stream.h"

namespace dfsck {
namespace {

// Where an absolute path leads below `root`, whatever symbolic links lead to the root itself. Nothing if it does not.
// Messages name paths as the daemon was told them, and its data-root may be a link.
std::optional<std::string> below_root(const Root& root, const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string beginning = path.substr(0, end);
    const Result<std::string> resolved = resolved_path(beginning);
    if (!resolved) {
      return std::nullopt;
    }
    if (*resolved == root.path()) {
      return path.substr(beginning.size());
    }
    if (end == std::string::npos) {
      return std::nullopt;
    }
  }
}

// `what` as a path below the root, cleaned; nothing if it is an absolute path to somewhere else.
// By the rules for names in archives: a path is pasted in many forms.
std::optional<RelPath> as_path(const Root& root, const std::string& what) {
  std::string inside = what;
  if (what.starts_with('/')) {
    const std::optional<std::string> rest = below_root(root, what);
    if (!rest) {
      return std::nullopt;
    }
    inside = *rest;
  }
  std::string clean;
  clean_tar_name(inside, clean);
  return clean.empty() ? RelPath() : RelPath::parse(clean);
}

// The part of `path` behind `prefix`; nothing if it does not lie there.
std::optional<RelPath> behind(const RelPath& path, const RelPath& prefix) {
  if (prefix.is_root()) {
    return path;
  }
  return path.is_below(prefix) ? RelPath::parse(std::string_view(path.bytes()).substr(prefix.bytes().size() + 1))
                               : std::nullopt;
}

}  // namespace

// All roots are looked at, since a name may be in any of them, and the same name in two has to be seen as two.
Result<ShowRoots> ShowRoots::look(const Root& root, const CheckOptions& options, const Cancel& cancel,
                                  Progress& progress) {
  ASSIGN_OR_RETURN(Examination examined, Examination::make(root, options, OwnRepair{}, cancel, progress));
  ShowRoots roots;
  roots.roots_.push_back({root, RelPath(), std::move(examined)});
  for (const std::string& name : roots.roots_.front().look.model().entries.remapped_roots) {
    Result<Root> inner = root.open_below(*RelPath::parse(name));
    if (!inner) {
      roots.failures_.push_back(inner.error().message());
      continue;
    }
    roots.below_.push_back(std::make_unique<Root>(*std::move(inner)));
    Result<Examination> look = Examination::make(*roots.below_.back(), options, OwnRepair{}, cancel, progress);
    if (look) {
      roots.roots_.push_back({*roots.below_.back(), *RelPath::parse(name), *std::move(look)});
    } else {
      roots.failures_.push_back(look.error().message());
    }
  }
  return roots;
}

bool ShowRoots::names_root(const std::string& what) const {
  const std::optional<RelPath> path = as_path(roots_.front().root, what);
  return path && path->is_root();
}

// Everything that the word may mean. To take the first would answer a question that nobody asked.
std::vector<ShowRoots::Found> ShowRoots::find(const std::string& what) const {
  std::vector<Found> found;
  const std::optional<RelPath> path = as_path(roots_.front().root, what);
  for (size_t i = roots_.size(); i-- > 0;) {  // those below first: a path into one is none of the root above
    const LookedAt& looked = roots_[i];
    const Model& model = looked.look.model();
    std::vector<Target> targets = targets_named(model, looked.look.derived(), what);
    std::optional<Target> there;
    const std::optional<RelPath> inside = path ? behind(*path, looked.prefix) : std::nullopt;
    // The same path must not be found twice, once in the remapped root and once as a plain file of the root above.
    if (inside && !inside->is_root() && (found.empty() || i > 0)) {
      there = target_at(looked.root, model, looked.look.derived(), *inside);
    }
    // Short links and directories are often pasted without the driver's own directory in front.
    if (!there && inside && what.find('/') != std::string::npos && !what.starts_with('/') &&
        !model.overlay.path.is_root()) {
      there = target_at(looked.root, model, looked.look.derived(), model.overlay.path.joined(*inside));
    }
    if (there && std::find(targets.begin(), targets.end(), *there) == targets.end()) {
      targets.push_back(*there);
    }
    for (Target& target : targets) {
      found.push_back({i, std::move(target)});
    }
  }
  return found;
}

// The three ways to name something wrongly, each with what would be right.
std::string ShowRoots::unknown(const std::string& what) const {
  const std::string shown = escaped_excerpt(what, 200);
  const Root& root = roots_.front().root;
  const std::optional<RelPath> path = as_path(root, what);
  if (!path) {
    return shown + " does not lie below the root " + escaped(root.path()) + "; another one: --root DIRECTORY";
  }
  if (what.size() < kShortestPrefix && is_lower_hex(what)) {
    return "nothing in " + escaped(root.path()) + " is called " + shown + "; of an id, at least " +
           std::to_string(kShortestPrefix) + " digits are needed";
  }
  std::vector<std::string> names;
  for (const LookedAt& looked : roots_) {
    const std::vector<std::string> more = known_names(looked.look.model());
    names.insert(names.end(), more.begin(), more.end());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string hint = did_you_mean(escaped(what), names);
  return "nothing in " + escaped(root.path()) + " is called " + shown + ", and no id begins so" +
         (hint.empty() ? "; docker-fsck show lists what there is" : hint);
}

// A handle that works from the root that was given, also for what lies in one below.
ShownCandidate ShowRoots::candidate(const Found& found) const {
  const LookedAt& looked = roots_[found.root];
  const Model& model = looked.look.model();
  std::string words = words_for(model, found.target);
  std::string handle = handle_of(model, found.target);
  if (!looked.prefix.is_root()) {
    words += " in " + looked.prefix.text();
    const bool is_path = found.target.kind == Target::Kind::File || found.target.kind == Target::Kind::LayerFile ||
                         found.target.kind == Target::Kind::Directory || found.target.kind == Target::Kind::Volume;
    handle = is_path ? looked.prefix.text() + "/" + handle : handle;
  }
  return {std::string(target_kind_name(found.target.kind)), std::move(words), std::move(handle)};
}

}  // namespace dfsck

// One list of all verdicts, with the directory that each is of; then each reason in turn.
#include "core/content/layers/hidden_layers.h"

#include <optional>
#include <vector>

#include "core/content/layers/hidden.h"
#include "core/content/layers/mounted_over.h"

namespace dfsck {
namespace {

struct Judged {
  const CacheId* dir;  // null for a layer without one
  LayerVerdict* verdict;
};

std::vector<Judged> all_of(const Model& model, const Derived& derived, ContentResults& content) {
  std::vector<Judged> all;
  for (size_t i = 0; i < content.layers.size(); ++i) {
    const std::optional<CacheId>& cache = derived.layers[i].cache;
    all.push_back({cache ? &*cache : nullptr, &content.layers[i]});
  }
  for (DuplicateDirectory& duplicate : content.duplicates) {
    all.push_back({&model.overlay.dirs[duplicate.dir].id, &duplicate.verdict});
  }
  return all;
}

void take_back_mounted_over(const Model& model, const std::vector<Judged>& all, ContentResults& content) {
  for (const Boundary& boundary : model.host.boundaries) {
    const std::optional<InsideLayer> place = inside_layer(model, boundary);
    bool hides = false;
    for (const Judged& judged : all) {
      if (place && judged.dir != nullptr && judged.dir->text() == place->dir) {
        hides = take_back_below(place->path, *judged.verdict) || hides;
      }
    }
    if (hides) {
      content.mounted_over.push_back(boundary.path);
    }
  }
}

}  // namespace

void take_back_all_hidden(const Root& root, const Model& model, const Derived& derived, ContentResults& content) {
  const std::vector<Judged> all = all_of(model, derived, content);
  std::vector<LayerVerdict*> verdicts;
  for (const Judged& judged : all) {
    verdicts.push_back(judged.verdict);
  }
  const std::vector<const LayerVerdict*> found(verdicts.begin(), verdicts.end());
  // Mounts first, since what they hide is none of the filesystem that holds the layers.
  take_back_mounted_over(model, all, content);
  HiddenContent hidden = find_hidden(root, model);
  add_unseen_marks(model, found, hidden);
  const bool is_blind = lacks_sight_of_marks(model, found);
  bool parts = false;
  for (const Judged& judged : all) {
    take_back_hidden(hidden, *judged.verdict);
    // Redirects and metacopies are written by the kernel into upper directories, never by the daemon when it unpacks.
    const bool is_raw = judged.dir != nullptr && judged.dir->form() == CacheId::Form::BuildKit;
    parts = (is_blind && is_raw && take_back_unseen_parts(*judged.verdict)) || parts;
  }
  if (parts) {
    add_unseen_parts(model, hidden);
  }
  content.unshifted_acls = take_back_unshifted_acls(verdicts);
  content.hidden = std::move(hidden);
}

}  // namespace dfsck

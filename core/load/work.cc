// Chains, names and tags of an archive against those of a root.
#include "core/load/work.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/codec/digest.h"

namespace dfsck {
namespace {

template <size_t N>
std::array<uint8_t, N> random_bytes() {
  std::array<uint8_t, N> bytes{};
  // Never short for so few bytes, once the machine has booted.
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(N)) {
  }
  return bytes;
}

// As moby pkg/stringid and overlayutils/randomid.go make them.
// The daemon draws again where the first twelve characters are all digits, which is for ids that people shorten;
// nobody does that with these.
CacheId random_cache_id() { return *CacheId::parse(to_hex(random_bytes<32>())); }

// A byte holds eight times the alphabet, so no letter is likelier than another.
LinkId random_link_id() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  for (const uint8_t byte : random_bytes<26>()) {
    text += kAlphabet[byte % kAlphabet.size()];
  }
  return *LinkId::parse(text);
}

// moby image/tarexport/load.go:checkValidParent: the parent's history and one step more.
bool is_parent_of(const Image& parent, const Image& image) {
  return image.history.size() == parent.history.size() + 1 &&
         std::equal(parent.history.begin(), parent.history.end(), image.history.begin());
}

// Chains and not files decide what is new: two layers with the same bytes on different parents are two layers.
class Worker {
 public:
  Worker(const LoadArchive& archive, const LoadTarget& target) : archive_(archive), target_(target) {}

  Result<LoadWork> run() {
    for (size_t i = 0; i < archive_.images.size(); ++i) {
      const LoadImage& image = archive_.images[i];
      TRY(add_layers(i));
      const Image* known = target_.find_image(image.image.id);
      if (known != nullptr && !known->usable()) {
        return format_error(
            "load", image.image.id.text(),
            "the root has this image in a damaged state; repair it first: docker-fsck -y --from ARCHIVE");
      }
      if (known == nullptr) {
        work_.new_images.push_back(i);
        add_parent(image);
      }
      for (const ReferenceName& name : image.names) {
        add_tag(name, image.image.id);
      }
    }
    return std::move(work_);
  }

 private:
  Result<void> add_layers(size_t index) {
    const Image& image = archive_.images[index].image;
    std::optional<ChainId> parent;
    for (size_t i = 0; i < image.chain.size(); ++i) {
      const ChainId& chain = image.chain[i];
      if (seen_.insert(chain).second) {
        if (const auto broken = target_.broken.find(chain); broken != target_.broken.end()) {
          return format_error("load", image.id.text(),
                              "its layer " + chain.text() + " is in the root already, but " + broken->second +
                                  "; repair it first: docker-fsck -y --from ARCHIVE");
        }
        const bool is_new = !target_.layers.contains(chain);
        work_.layers.push_back(
            {chain, image.diff_ids[i], is_new ? std::optional(work_.new_layers.size()) : std::nullopt});
        if (is_new) {
          add_new(chain, image.diff_ids[i], parent, index);
        }
      }
      parent = chain;
    }
    return {};
  }

  // The lower text is the parent's own with its link in front, exactly as overlay2/overlay.go:getLower makes it;
  // parents come first, so it is always known.
  void add_new(const ChainId& chain, const DiffId& diff, const std::optional<ChainId>& parent, size_t image) {
    NewLayer layer{chain, diff, parent, random_cache_id(), random_link_id(), "", false, image};
    if (parent) {
      const auto made = made_.find(*parent);
      const RegisteredLayer* there = made == made_.end() ? &target_.layers.at(*parent) : nullptr;
      const LinkId& link = there != nullptr ? there->link : work_.new_layers[made->second].link;
      const std::string& lower = there != nullptr ? there->lower : work_.new_layers[made->second].lower;
      layer.lower = "l/" + link.text() + (lower.empty() ? "" : ":" + lower);
      if (there == nullptr) {
        work_.new_layers[made->second].is_parent = true;
      } else if (!there->committed && committed_.insert(there->dir).second) {
        work_.newly_committed.push_back(there->dir);
      }
    }
    made_.emplace(chain, work_.new_layers.size());
    work_.new_layers.push_back(std::move(layer));
  }

  // What the archive says is only believed if the histories bear it out, as the daemon does: a wrong parent would
  // make the removal of one image take another's ancestors.
  void add_parent(const LoadImage& image) {
    if (!image.parent || *image.parent == image.image.id) {
      return;
    }
    const auto in_archive = std::find_if(archive_.images.begin(), archive_.images.end(),
                                         [&](const LoadImage& other) { return other.image.id == *image.parent; });
    const Image* parent = in_archive != archive_.images.end() ? &in_archive->image : target_.find_image(*image.parent);
    if (parent != nullptr && parent->usable() && is_parent_of(*parent, image.image)) {
      work_.parents.emplace_back(image.image.id, *image.parent);
    }
  }

  // A tag that leads elsewhere is moved, as a daemon's load does; what it led to is told.
  void add_tag(const ReferenceName& name, const ImageId& id) {
    const auto repository = target_.tags.find(name.name);
    std::string was;
    if (repository != target_.tags.end()) {
      const auto entry = repository->second.find(name.key());
      was = entry != repository->second.end() ? entry->second : "";
    }
    if (was != id.text()) {
      work_.tags.push_back({name, id, std::move(was)});
    }
  }

  const LoadArchive& archive_;
  const LoadTarget& target_;
  LoadWork work_;
  std::set<ChainId> seen_;
  std::map<ChainId, size_t> made_;  // to the index into new_layers
  std::set<CacheId> committed_;
};

}  // namespace

Result<LoadWork> plan_load(const LoadArchive& archive, const LoadTarget& target) {
  return Worker(archive, target).run();
}

}  // namespace dfsck

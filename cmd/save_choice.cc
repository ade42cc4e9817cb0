// Words against the tags, ids and containers of all roots.
#include "cmd/save_choice.h"

#include <algorithm>
#include <map>
#include <set>

#include "cmd/options/nearest.h"
#include "cmd/show/target.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/model/reference_name.h"

namespace dfsck {
namespace {

// The tag of an entry of repositories.json; nothing for digests.
// An archive has tags as names; what was pulled by digest gets none, as docker save does it.
std::optional<ImageName> name_of(const Reference& reference) {
  const std::optional<ReferenceName> name = parse_reference_name(reference.name);
  if (!reference.well_formed || !name || name->tag.empty() || !name->digest.empty()) {
    return std::nullopt;
  }
  return ImageName{name->name, name->tag};
}

void add(std::vector<ChosenImage>& images, size_t root, const ImageId& id, const std::optional<ImageName>& name) {
  images.push_back({root, id, name ? std::vector{*name} : std::vector<ImageName>()});
}

// The entries of repositories.json that the word names.
// A bare name means all tags of the repository, as docker save takes it: "latest" is not added.
std::vector<ChosenImage> named(const std::vector<SaveRoot>& roots, const std::string& word) {
  std::vector<ChosenImage> found;
  const std::optional<ReferenceName> typed = parse_reference_name(word);
  if (!typed) {
    return found;
  }
  const bool is_bare = typed->tag.empty() && typed->digest.empty();
  for (size_t root = 0; root < roots.size(); ++root) {
    for (const Reference& reference : roots[root].model.images.references.references) {
      if (reference.image && (is_bare ? reference.repository == typed->name : reference.name == typed->key())) {
        add(found, root, *reference.image, name_of(reference));
      }
    }
  }
  return found;
}

// Things of one kind that the word means by an id.
// By the same rules as docker-fsck show, so that what one names the other finds.
std::vector<std::pair<size_t, Target>> targets(const std::vector<SaveRoot>& roots, const std::string& word,
                                               Target::Kind kind) {
  std::vector<std::pair<size_t, Target>> found;
  for (size_t root = 0; root < roots.size(); ++root) {
    for (Target& target : targets_named(roots[root].model, roots[root].derived, word)) {
      if (target.kind == kind) {
        found.emplace_back(root, std::move(target));
      }
    }
  }
  return found;
}

ChoiceError unknown(const std::vector<SaveRoot>& roots, const std::string& word, std::string_view what) {
  std::vector<std::string> names;
  for (const SaveRoot& root : roots) {
    for (const std::string& name : known_names(root.model)) {
      names.push_back(name);
    }
  }
  return {"no " + std::string(what) + " in " + escaped(roots.front().root.path()) + " is called " +
          escaped_excerpt(word, 200) + did_you_mean(escaped(word), names)};
}

// With the words by which each can be named instead, so that the next try works.
ChoiceError ambiguous(const std::vector<SaveRoot>& roots, const std::string& word,
                      const std::vector<std::pair<size_t, Target>>& found) {
  constexpr size_t kShown = 20;
  std::string message = escaped_excerpt(word, 200) + " may mean " + counted(found.size(), "thing") + ":";
  for (size_t i = 0; i < found.size() && i < kShown; ++i) {
    const SaveRoot& at = roots[found[i].first];
    message += "\n  " + words_for(at.model, found[i].second) + ": " + handle_of(at.model, found[i].second);
    message += found[i].first > 0 ? " with --root " + escaped(at.root.path()) : "";
  }
  return {message};
}

// A name can lead to one image only.
// In an archive, and after it was loaded. Two roots, one of them below the other, may
// well each have an app:latest of their own.
std::optional<ChoiceError> clash(const std::vector<SaveRoot>& roots, const std::vector<ChosenImage>& images) {
  std::map<ImageName, const ChosenImage*> owners;
  for (const ChosenImage& image : images) {
    for (const ImageName& name : image.names) {
      const auto [owner, is_new] = owners.try_emplace(name, &image);
      if (!is_new && owner->second->id != image.id) {
        return ChoiceError{escaped(name.text()) + " is the name of two images, in two roots: choose one with --root " +
                           escaped(roots[image.root].root.path())};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

// A name goes before an id: "cafe" may be both, and what somebody has named is meant rather.
std::variant<std::vector<ChosenImage>, ChoiceError> chosen_images(const std::vector<SaveRoot>& roots,
                                                                  const std::vector<std::string>& words) {
  std::vector<ChosenImage> images;
  for (const std::string& word : words) {
    std::vector<ChosenImage> some = named(roots, word);
    if (some.empty()) {
      const auto found = targets(roots, word, Target::Kind::Image);
      // The same image in two roots is no question: its id is a digest, so it is the same image.
      const bool is_one = std::all_of(found.begin(), found.end(),
                                      [&](const auto& one) { return one.second.id == found.front().second.id; });
      if (found.empty()) {
        return unknown(roots, word, "image");
      }
      if (!is_one) {
        return ambiguous(roots, word, found);
      }
      add(some, found.front().first, *ImageId::parse(found.front().second.id), std::nullopt);
    }
    images.insert(images.end(), some.begin(), some.end());
  }
  if (std::optional<ChoiceError> error = clash(roots, images)) {
    return *error;
  }
  return images;
}

// Images without a name too: who saves all has no other copy in mind.
std::variant<std::vector<ChosenImage>, ChoiceError> every_image(const std::vector<SaveRoot>& roots) {
  std::vector<ChosenImage> images;
  for (size_t root = 0; root < roots.size(); ++root) {
    std::map<ImageId, std::vector<ImageName>> names;
    for (const Image& image : roots[root].model.images.images) {
      names[image.id];
    }
    for (const Reference& reference : roots[root].model.images.references.references) {
      const std::optional<ImageName> name = name_of(reference);
      if (reference.image && name) {
        names[*reference.image].push_back(*name);
      }
    }
    for (auto& [id, some] : names) {
      images.push_back({root, id, std::move(some)});
    }
  }
  if (std::optional<ChoiceError> error = clash(roots, images)) {
    return *error;
  }
  return images;
}

std::variant<ChosenContainer, ChoiceError> chosen_container(const std::vector<SaveRoot>& roots,
                                                            const std::string& word) {
  const auto found = targets(roots, word, Target::Kind::Container);
  if (found.empty()) {
    return unknown(roots, word, "container");
  }
  if (found.size() > 1) {
    return ambiguous(roots, word, found);
  }
  return ChosenContainer{found.front().first, found.front().second.id};
}

// "latest" where no tag is given, as docker commit does.
std::optional<ImageName> new_image_name(const std::string& text) {
  const std::optional<ReferenceName> name = parse_reference_name(text);
  if (!name || !name->digest.empty()) {
    return std::nullopt;
  }
  return ImageName{name->name, name->tag.empty() ? "latest" : name->tag};
}

}  // namespace dfsck

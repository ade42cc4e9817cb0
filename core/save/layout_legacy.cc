// What `docker save` wrote up to Docker 24: a directory for each layer, named by the id that an image of Docker's first
// format would have. A layer that was written already is a link to where it lies.
#include <map>
#include <set>

#include "core/codec/json/json.h"
#include "core/save/layout.h"
#include "core/save/v1_image.h"

namespace dfsck {
namespace {

using MemberKind = ArchiveMember::Kind;

class LegacyWriter {
 public:
  explicit LegacyWriter(std::vector<ArchiveMember>& members) : members_(members) {}

  // Adds the directories of the image's layers; gives their paths. `top` becomes the id of the last.
  JsonValue::Array add_layers(const SavedImage& image, std::string& top) {
    JsonValue::Array paths;
    const std::vector<V1Layer> layers = v1_layers(image.parsed, image.chain, V1Style::Docker20);
    for (size_t i = 0; i < layers.size(); ++i) {
      paths.push_back(JsonValue::string(layers[i].id + "/layer.tar"));
      if (written_.insert(layers[i].id).second) {
        add_layer(image, layers[i], image.layers[i]);
      }
      top = layers[i].id;
    }
    return paths;
  }

 private:
  // The tar once; another image's layer with the same DiffID gets a link to it, as saveLayer makes it
  // (image/tarexport/save.go).
  void add_layer(const SavedImage& image, const V1Layer& v1, size_t layer) {
    members_.push_back({MemberKind::Directory, v1.id, "", {}, "", image.created});
    members_.push_back({MemberKind::File, v1.id + "/VERSION", "1.0", {}, "", image.created});
    members_.push_back({MemberKind::File, v1.id + "/json", v1.json, {}, "", image.created});
    const auto [first, is_first] = tars_.try_emplace(layer, v1.id);
    if (is_first) {
      members_.push_back({MemberKind::File, v1.id + "/layer.tar", "", layer, "", image.created});
    } else {
      members_.push_back(
          {MemberKind::Link, v1.id + "/layer.tar", "", {}, "../" + first->second + "/layer.tar", image.created});
    }
  }

  std::vector<ArchiveMember>& members_;
  std::set<std::string> written_;       // ids
  std::map<size_t, std::string> tars_;  // where each layer's tar lies
};

}  // namespace

void add_legacy_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                        std::vector<ArchiveMember>& members) {
  LegacyWriter writer(members);
  JsonValue::Array items;
  std::vector<std::pair<ImageName, std::string>> tops;
  for (const size_t index : images) {
    const SavedImage& image = catalogue.images()[index];
    std::string top;
    JsonValue::Array paths = writer.add_layers(image, top);
    for (const ImageName& name : image.names) {
      if (!top.empty()) {
        tops.emplace_back(name, top);
      }
    }
    const std::string config = image.id.hex() + ".json";
    members.push_back({MemberKind::File, config, image.config, {}, "", image.created});
    items.push_back(manifest_item(catalogue, images, image, config, std::move(paths)));
  }
  members.push_back(
      {MemberKind::File, "manifest.json", to_go_json(JsonValue::array(std::move(items))) + "\n", {}, "", 0});
  if (std::string repositories = repositories_file(tops); !repositories.empty()) {
    members.push_back({MemberKind::File, "repositories", std::move(repositories), {}, "", 0});
  }
}

}  // namespace dfsck

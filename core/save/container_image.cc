// Finds the container's layer and image, packs the one and derives a config from the other.
#include "core/save/container_image.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/content/layer_tar.h"
#include "core/content/pack/tree.h"
#include "core/model/rfc3339.h"
#include "core/save/v1_image.h"

namespace dfsck {
namespace {

constexpr size_t kMaxContainerConfig = 64U << 20;

JsonValue json_text(std::string value) { return JsonValue::string(std::move(value)); }

Error unusable(const std::string& id, const std::string& why) {
  return format_error("save", "container " + escaped(id), why);
}

struct ContainerParts {
  const Container* container;
  const MountTruth* mount;
};

// Where the config is damaged, a whole copy that a cut-off write left of it will do. Owners must be known: in a layer's
// tar they are those of the container, on disk those of the host.
Result<ContainerParts> parts_of(const SaveRoot& at, const std::string& id) {
  ContainerParts parts{at.model.containers.find(id), nullptr};
  if (parts.container == nullptr) {
    return unusable(id, "there is no configuration of it");
  }
  if (!parts.container->config_problem.empty() && !parts.container->config_copy) {
    return unusable(id, "its config.v2.json is " + parts.container->config_problem);
  }
  for (size_t i = 0; i < at.model.layers.mounts.size(); ++i) {
    if (at.model.layers.mounts[i].name == id) {
      parts.mount = &at.derived.mounts[i];
    }
  }
  if (!at.model.owners.known) {
    return unusable(id, "it is not known whom its files belong to: " + at.model.owners.doubt);
  }
  if (parts.mount == nullptr || !parts.mount->dir) {
    return unusable(id, "it is not known which directory is its writable layer");
  }
  return parts;
}

Result<JsonValue> config_of(const SaveRoot& at, const Container& container) {
  const RelPath path = container.config_copy && !container.config_problem.empty() ? *container.config_copy
                                                                                  : container.path / "config.v2.json";
  ASSIGN_OR_RETURN(const std::string bytes, at.root.read_small(path, kMaxContainerConfig));
  // As the daemon reads it: it stops behind the first value, and a crash may have left bytes of an older and longer
  // file there.
  JsonLimits limits;
  limits.trailing = JsonTrailing::Ignore;
  return parse_json(bytes, limits);
}

// The last of the moments that the container's configuration tells of, as Go writes it.
// Not the time of now: the config's hash is the image's id, and saving a container twice shall give one image.
std::string last_moment(const JsonValue& config) {
  std::string last = "1970-01-01T00:00:00Z";
  FileTime latest;
  for (const JsonValue* value :
       {&config.get("Created"), &config.get("State").get("StartedAt"), &config.get("State").get("FinishedAt")}) {
    const std::optional<FileTime> time = rfc3339_time(value->text());
    if (time && *time > latest) {
      latest = *time;
      last = *as_go_writes_time(value->text());
    }
  }
  return last;
}

std::string joined_command(const JsonValue& config) {
  std::string command;
  if (const JsonValue::Array* words = config.get("Cmd").as_array(); words != nullptr) {
    for (const JsonValue& word : *words) {
      command += (command.empty() ? "" : " ") + word.text();
    }
  }
  return command;
}

// A container that has changed nothing adds no layer. Its history entry says so, because an image with more entries
// of layers than layers is refused (moby image/store.go).
JsonValue history_of(const SavedImage& below, const JsonValue& config, const std::string& created, bool is_empty) {
  const JsonValue::Array* had = below.parsed.get("history").as_array();
  JsonValue::Array history = had != nullptr ? *had : JsonValue::Array();
  JsonValue::Object item{{"created", json_text(created)}};
  if (const std::string command = joined_command(config); !command.empty()) {
    item.push_back({"created_by", json_text(command)});
  }
  item.push_back({"comment", json_text("saved from a container by docker-fsck")});
  if (is_empty) {
    item.push_back({"empty_layer", JsonValue::boolean(true)});
  }
  history.push_back(JsonValue::object(std::move(item)));
  return JsonValue::array(std::move(history));
}

JsonValue rootfs_of(const SaveCatalogue& catalogue, const SavedImage& below, const std::optional<SavedLayer>& top) {
  JsonValue::Array diffs;
  for (const size_t layer : below.layers) {
    diffs.push_back(json_text(catalogue.layers()[layer].diff.text()));
  }
  if (top) {
    diffs.push_back(json_text(top->diff.text()));
  }
  return JsonValue::object({{"type", json_text("layers")}, {"diff_ids", JsonValue::array(std::move(diffs))}});
}

// Keys are sorted, as the daemon sorts them (image/image.go:MarshalJSON).
JsonValue image_config(const SaveCatalogue& catalogue, const SavedImage& below, const JsonValue& container,
                       const std::optional<SavedLayer>& top) {
  const JsonValue config = as_container_config(container.get("Config"), V1Style::Docker25);
  const std::string created = last_moment(container);
  JsonValue::Object members{{"config", config},
                            {"container", container.get("ID")},
                            {"container_config", config},
                            {"created", json_text(created)},
                            {"history", history_of(below, config, created, !top)},
                            {"rootfs", rootfs_of(catalogue, below, top)}};
  for (const char* inherited : {"architecture", "os", "os.features", "os.version", "variant"}) {
    if (const JsonValue& value = below.parsed.get(inherited); !value.is_null()) {
      members.push_back({inherited, value});
    }
  }
  std::sort(members.begin(), members.end(), [](const JsonMember& a, const JsonMember& b) { return a.key < b.key; });
  return JsonValue::object(std::move(members));
}

// The writable layer; nothing if the container has changed nothing.
// There is no digest that it must have: what is packed defines it. Its tree is overlay's own upper directory, with
// the kernel's whiteouts and attributes, which a tar spells otherwise.
Result<std::optional<SavedLayer>> writable_layer(const SaveRoot& at, const CacheId& dir, const Cancel& cancel,
                                                 Progress& progress) {
  LayerInput input;
  input.diff_dir = at.model.overlay.path / dir.text() / "diff";
  input.tar_split = input.diff_dir;  // for messages: there is none
  input.provenance = Provenance::RawUpper;
  input.owners = at.model.owners;
  ASSIGN_OR_RETURN(PackedTree packed, pack_tree(at.root, input, cancel, progress));
  if (packed.entries == 0) {
    return std::optional<SavedLayer>();
  }
  input.diff = packed.diff;
  SavedLayer layer(packed.diff);
  layer.root = &at.root;
  layer.source = {input, std::move(packed.tar_split)};
  ASSIGN_OR_RETURN(const uint64_t size, layer_tar_size(at.root, layer.source));
  layer.size = size;
  return std::optional(std::move(layer));
}

}  // namespace

Result<void> add_container(SaveCatalogue& catalogue, const SaveRoot& at, size_t root, const std::string& id,
                           const std::optional<ImageName>& name, const Cancel& cancel, Progress& progress) {
  const Result<ContainerParts> parts = parts_of(at, id);
  ASSIGN_OR_RETURN(const JsonValue config, parts ? config_of(at, *parts->container) : Result<JsonValue>(parts.error()));
  if (!parts->container->image) {
    return unusable(id, "its configuration names no image");
  }
  const SavedImage below = catalogue.read_image({root, *parts->container->image, {}});
  if (!below.problem.empty()) {
    return unusable(id, "of its image " + below.id.text() + " " + below.problem);
  }
  const std::optional<ChainId> top = below.chain.empty() ? std::nullopt : std::optional(below.chain.back());
  // What the container changed only makes sense on the layers that it stood on: on others its deletions would hit
  // something else.
  if (parts->mount->parent_known && parts->mount->parent != top) {
    return unusable(id, "it does not stand on the layers of its image " + below.id.text());
  }
  ASSIGN_OR_RETURN(std::optional<SavedLayer> layer, writable_layer(at, *parts->mount->dir, cancel, progress));
  const JsonValue made = image_config(catalogue, below, config, layer);
  const std::string bytes = to_go_json(made);
  SavedImage image(*ImageId::from_hex(sha256_hex(bytes)));
  image.config = bytes;
  image.parsed = made;
  image.created = rfc3339_time(last_moment(config))->seconds;
  image.container = parts->container->name.empty() ? id : parts->container->name;
  if (name) {
    image.names.push_back(*name);
  }
  catalogue.add_derived_image(below, std::move(image), std::move(layer));
  return {};
}

}  // namespace dfsck

// Reads an image config by the rules of moby image/image.go and image/store.go; unknown members do not matter.
#include "core/model/records/image_config.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// DiffID of a layer with nothing in it: a tar of 1024 zero bytes (moby layer/empty.go).
constexpr std::string_view kEmptyLayer = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
constexpr size_t kExcerpt = 80;

// Puts the strings of rootfs.diff_ids into `image`; words for what is wrong, else an empty text.
// A string that is no lower case sha256 digest is no error for the daemon, which hashes it as it is: the chain then
// never matches a layer, and the image is not restored. Here it is said at once.
std::string read_diff_ids(const JsonValue& root_fs, Image& image) {
  const JsonValue& list = root_fs.get("diff_ids");
  const JsonValue::Array* items = list.as_array();
  if (items == nullptr) {
    return list.is_null() ? "" : "its diff_ids are no list";
  }
  for (const JsonValue& item : *items) {
    const std::string* text = item.as_string();
    const std::optional<DiffId> diff = text != nullptr ? DiffId::parse(*text) : std::nullopt;
    if (!diff) {
      return "its diff_ids hold " + (text != nullptr
                                         ? "\"" + escaped_excerpt(*text, kExcerpt) + "\", which is no digest"
                                         : "something else than text");
    }
    image.diff_ids.push_back(*diff);
  }
  return "";
}

// The i-th entry that is not an empty layer tells of the i-th diff ID. Fewer entries than layers are fine and so is
// no history at all; more are what image/store.go refuses. The hash of each entry is enough to find parents by: one
// image's history is the beginning of another's.
std::string read_image_history(const JsonValue& config, Image& image) {
  const JsonValue& list = config.get("history");
  const JsonValue::Array* items = list.as_array();
  if (items == nullptr) {
    return list.is_null() ? "" : "its history is no list";
  }
  size_t with_layer = 0;
  for (const JsonValue& item : *items) {
    with_layer += item.get("empty_layer").as_bool().value_or(false) ? 0 : 1;
    image.history.push_back(sha256_hex(to_go_json(item)));
  }
  return with_layer > image.diff_ids.size() ? "its history has more layers than it has" : "";
}

std::string read_config(const JsonValue& config, Image& image) {
  if (config.as_object() == nullptr) {
    return "it is no JSON object";
  }
  const JsonValue& root_fs = config.get("rootfs");
  if (root_fs.as_object() == nullptr) {
    return "it has no RootFS key";
  }
  const std::string* os = config.get("os").as_string();
  if (os != nullptr && !os->empty() && *os != "linux") {
    return "it is for the operating system \"" + escaped_excerpt(*os, kExcerpt) + "\"";
  }
  std::string problem = read_diff_ids(root_fs, image);
  return !problem.empty() ? problem : read_image_history(config, image);
}

// Also of a config that cannot be used: its layers are told by the diff_ids that could be read, so nothing of them is
// taken for garbage.
void work_out_chain(Image& image) {
  std::optional<ChainId> below;
  for (const DiffId& diff : image.diff_ids) {
    below = chain_id(below, diff);
    image.chain.push_back(*below);
  }
  const auto empty =
      static_cast<size_t>(std::count(image.diff_ids.begin(), image.diff_ids.end(), *DiffId::parse(kEmptyLayer)));
  // The same empty layer twice means one directory twice in a lower chain, which the kernel refuses with ELOOP: a
  // limit of the driver, not damage.
  image.repeated_empty_layers = empty > 1 ? empty : 0;
}

}  // namespace

void parse_image_config(std::string_view bytes, Image& image) {
  const Result<JsonValue> config = parse_json(bytes);
  image.unusable = config ? read_config(*config, image) : "it is malformed (" + config.error().detail + ")";
  work_out_chain(image);
}

}  // namespace dfsck

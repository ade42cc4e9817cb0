// The daemon's structures, member by member.
#include "core/save/v1_image.h"

#include <algorithm>

#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/model/rfc3339.h"

namespace dfsck {
namespace {

constexpr std::string_view kFirstMoment = "1970-01-01T00:00:00Z";
constexpr std::string_view kNoMoment = "0001-01-01T00:00:00Z";  // Go's zero time

// Fills an object in the order of a Go structure out of another object.
// An id is a hash over these bytes, so which members stand there, in which order, and what an absent one becomes,
// must all be Go's: "omitempty" leaves out, a nil slice or map is null.
class Structure {
 public:
  explicit Structure(const JsonValue& from) : from_(from) {}

  void text(const char* key) { add(key, JsonValue::string(from_.get(key).text())); }
  void text_if_any(const char* key) {
    if (!from_.get(key).text().empty()) {
      text(key);
    }
  }
  void flag(const char* key) { add(key, JsonValue::boolean(from_.get(key).as_bool().value_or(false))); }
  void flag_if_set(const char* key) {
    if (from_.get(key).as_bool().value_or(false)) {
      flag(key);
    }
  }
  void number_if_not_zero(const char* key) {
    if (const std::optional<int64_t> number = from_.get(key).as_int64(); number && *number != 0) {
      add(key, JsonValue::number(*number));
    }
  }
  void number_if_any(const char* key) {
    if (const std::optional<int64_t> number = from_.get(key).as_int64(); number) {
      add(key, JsonValue::number(*number));
    }
  }
  // A list of texts; null where there is none. A text alone counts as a list of one (api/types/strslice).
  void list(const char* key) { add(key, list_of(key)); }
  void list_if_any(const char* key) {
    JsonValue items = list_of(key);
    if (items.as_array() != nullptr && !items.as_array()->empty()) {
      add(key, std::move(items));
    }
  }
  // A map of texts; null where there is none.
  void map(const char* key) { add(key, map_of(key, false)); }
  // A set: a map whose values are empty structures.
  void set(const char* key) { add(key, map_of(key, true)); }
  void set_if_any(const char* key) {
    JsonValue items = map_of(key, true);
    if (items.as_object() != nullptr && !items.as_object()->empty()) {
      add(key, std::move(items));
    }
  }
  void add(const char* key, JsonValue value) { members_.push_back({key, std::move(value)}); }

  const JsonValue& source(const char* key) const { return from_.get(key); }
  JsonValue take() { return JsonValue::object(std::move(members_)); }

 private:
  JsonValue list_of(const char* key) const {
    const JsonValue& value = from_.get(key);
    if (value.as_string() != nullptr) {
      return JsonValue::array({value});
    }
    return value.as_array() != nullptr ? value : JsonValue();
  }

  JsonValue map_of(const char* key, bool is_set) const {
    const JsonValue::Object* source = from_.get(key).as_object();
    if (source == nullptr) {
      return {};
    }
    JsonValue::Object members;
    for (const JsonMember& member : *source) {
      members.push_back({member.key, is_set ? JsonValue::object({}) : member.value});
    }
    std::sort(members.begin(), members.end(), [](const JsonMember& a, const JsonMember& b) { return a.key < b.key; });
    return JsonValue::object(std::move(members));
  }

  const JsonValue& from_;
  JsonValue::Object members_;
};

// The start interval came with Docker 25; a daemon before that drops it when it reads the config.
JsonValue as_health_check(const JsonValue& check, V1Style style) {
  Structure out(check);
  out.list_if_any("Test");
  out.number_if_not_zero("Interval");
  out.number_if_not_zero("Timeout");
  out.number_if_not_zero("StartPeriod");
  if (style == V1Style::Docker25) {
    out.number_if_not_zero("StartInterval");
  }
  out.number_if_not_zero("Retries");
  return out.take();
}

// Before Docker 25 a config without a time gave Go's zero time here; since then it gives none.
void add_created(const JsonValue& config, V1Style style, Structure& out) {
  const std::optional<std::string> written = as_go_writes_time(config.get("created").text());
  if (written || style == V1Style::Docker20) {
    out.add("created", JsonValue::string(written.value_or(std::string(kNoMoment))));
  }
}

// The image of the top layer, in the order of the structure, but for its id and what only the archive decides.
// Only the top layer of an image has its configuration; those below are the empty image of their chain.
JsonValue::Object top_image(const JsonValue& config, V1Style style) {
  Structure out(config);
  out.text_if_any("parent");
  out.text_if_any("comment");
  add_created(config, style, out);
  out.text_if_any("container");
  out.add("container_config", as_container_config(config.get("container_config"), style));
  out.text_if_any("docker_version");
  out.text_if_any("author");
  if (config.get("config").as_object() != nullptr) {
    out.add("config", as_container_config(config.get("config"), style));
  }
  out.text_if_any("architecture");
  out.text_if_any("variant");
  out.text_if_any("os");
  out.number_if_not_zero("Size");
  return std::move(*out.take().as_object());
}

// The moment and the empty configuration are constants of the daemon (image/tarexport/save.go): only the chain ID
// makes one lower image's id differ from another's.
JsonValue::Object lower_image(V1Style style) {
  JsonValue::Object image;
  image.push_back({"created", JsonValue::string(std::string(kFirstMoment))});
  image.push_back({"container_config", as_container_config(JsonValue(), style)});
  return image;
}

void put(JsonValue::Object& object, const std::string& key, std::string text) {
  for (JsonMember& member : object) {
    if (member.key == key) {
      member.value = JsonValue::string(std::move(text));
      return;
    }
  }
  object.push_back({key, JsonValue::string(std::move(text))});
}

// CreateID hashes a map, whose keys Go sorts.
std::string hashed_id(JsonValue::Object image, const ChainId& chain, const std::string& parent) {
  put(image, "layer_id", chain.text());
  if (!parent.empty()) {
    put(image, "parent", "sha256:" + parent);
  }
  std::sort(image.begin(), image.end(), [](const JsonMember& a, const JsonMember& b) { return a.key < b.key; });
  return sha256_hex(to_go_json(JsonValue::object(std::move(image))));
}

// The same with its id, its parent and the system that every layer of the image is for, each at its place.
std::string finished_json(const JsonValue::Object& image, const std::string& id, const std::string& parent,
                          const std::string& os) {
  JsonValue::Object out;
  put(out, "id", id);
  if (!parent.empty()) {
    put(out, "parent", parent);
  }
  JsonValue size;
  for (const JsonMember& member : image) {
    if (member.key == "Size") {
      size = member.value;
    } else if (member.key != "os" && (member.key != "parent" || parent.empty())) {
      out.push_back(member);
    }
  }
  if (!os.empty()) {
    put(out, "os", os);
  }
  if (!size.is_null()) {
    out.push_back({"Size", size});
  }
  return to_go_json(JsonValue::object(std::move(out)));
}

}  // namespace

JsonValue as_container_config(const JsonValue& config, V1Style style) {
  Structure out(config);
  out.text("Hostname");
  out.text("Domainname");
  out.text("User");
  out.flag("AttachStdin");
  out.flag("AttachStdout");
  out.flag("AttachStderr");
  out.set_if_any("ExposedPorts");
  out.flag("Tty");
  out.flag("OpenStdin");
  out.flag("StdinOnce");
  out.list("Env");
  out.list("Cmd");
  if (out.source("Healthcheck").as_object() != nullptr) {
    out.add("Healthcheck", as_health_check(out.source("Healthcheck"), style));
  }
  out.flag_if_set("ArgsEscaped");
  out.text("Image");
  out.set("Volumes");
  out.text("WorkingDir");
  out.list("Entrypoint");
  out.flag_if_set("NetworkDisabled");
  out.text_if_any("MacAddress");
  out.list("OnBuild");
  out.map("Labels");
  out.text_if_any("StopSignal");
  out.number_if_any("StopTimeout");
  out.list_if_any("Shell");
  return out.take();
}

// From the base upwards, since each id hashes the one below it in.
std::vector<V1Layer> v1_layers(const JsonValue& config, const std::vector<ChainId>& chain, V1Style style) {
  const std::string* os = config.get("os").as_string();
  std::vector<V1Layer> layers;
  std::string parent;
  for (size_t i = 0; i < chain.size(); ++i) {
    const JsonValue::Object image = i + 1 == chain.size() ? top_image(config, style) : lower_image(style);
    V1Layer layer;
    layer.id = hashed_id(image, chain[i], parent);
    layer.json = finished_json(image, layer.id, parent, os != nullptr ? *os : "");
    parent = layer.id;
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace dfsck

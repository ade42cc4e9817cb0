// Images: configs whose digest is their name, metadata, tags, the registry cache.
#include "core/base/text.h"
#include "core/codec/digest.h"
#include "tests/support/recipe/build.h"

namespace dfsck {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all += (all.empty() ? "" : ",") + quoted(text);
  }
  return all;
}

// One history item for each layer, then those of steps without a layer.
std::string history(size_t layers, size_t empty, const std::string& name) {
  std::string items;
  for (size_t i = 0; i < layers + empty; ++i) {
    items += std::string(i == 0 ? "" : ",") + R"({"created":")" + go_time(kRecipeTime + static_cast<int64_t>(i)) +
             R"(","created_by":)" + quoted("/bin/sh -c #(nop) step " + std::to_string(i + 1) + " of " + name) +
             (i >= layers ? R"(,"empty_layer":true})" : "}");
  }
  return items;
}

std::string config_text(const std::string& name, const std::vector<std::string>& diff_ids, size_t empty) {
  return R"({"architecture":"amd64","config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,)"
         R"("AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,)"
         R"("Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["/bin/sh"],)"
         R"("Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null},"created":")" +
         go_time(kRecipeTime, 271'933'614) + R"(","docker_version":"20.10.24","history":[)" +
         history(diff_ids.size(), empty, name) + R"(],"os":"linux","rootfs":{"type":"layers","diff_ids":[)" +
         joined(diff_ids) + "]}}";
}

// "team/app" of "team/app:1"; the port of a registry is no tag.
std::string repository_of(const std::string& reference) {
  const size_t colon = reference.find_last_of(":/");
  return colon != std::string::npos && reference[colon] == ':' ? reference.substr(0, colon) : reference;
}

void make_metadata(RootBuild& build, const std::string& dir, const RecipeItem& item) {
  build.disk.directory(dir, 0700);
  build.disk.file(dir + "/lastUpdated", go_time(kRecipeTime, 500'000'000), 0600);
  if (item.has("parent")) {
    const auto parent = build.images.find(item.option("parent"));
    if (parent == build.images.end()) {
      build.disk.fail("no image " + item.option("parent"));
    } else {
      build.disk.file(dir + "/parent", parent->second.id, 0600);
    }
  }
}

// What a pull leaves of one layer (distribution/metadata/v2_metadata_service.go:Add).
void make_distribution(RootBuild& build, const std::string& diff_id, const std::string& repository) {
  RecipeDisk& disk = build.disk;
  const std::string dir = build.image_dir() + "/distribution";
  for (const char* kind : {"/diffid-by-digest", "/v2metadata-by-diffid"}) {
    disk.directory(dir + kind, 0755);
    disk.directory(dir + kind + "/sha256", 0755);
  }
  const std::string blob = sha256_hex("compressed " + diff_id);
  disk.file(dir + "/diffid-by-digest/sha256/" + blob, diff_id, 0644);
  disk.file(dir + "/v2metadata-by-diffid/sha256/" + diff_id.substr(7),
            R"([{"Digest":"sha256:)" + blob + R"(","SourceRepository":)" + quoted(repository) + R"(,"HMAC":""}])",
            0644);
}

void name_distribution(RootBuild& build, const std::string& name, const std::string& diff_id) {
  const std::string dir = build.image_dir() + "/distribution";
  build.name(name + ".by-digest", dir + "/diffid-by-digest/sha256/" + sha256_hex("compressed " + diff_id));
  build.name(name + ".by-diffid", dir + "/v2metadata-by-diffid/sha256/" + diff_id.substr(7));
}

}  // namespace

void make_image(RootBuild& build, const RecipeItem& item) {
  const std::string layer_name = item.word(2);
  const auto layer = build.layers.find(layer_name);
  if (item.word(1) != "=" || (layer == build.layers.end() && layer_name != "none")) {
    return build.disk.fail("image REFERENCE = LAYER, in line " + std::to_string(item.line));
  }
  const std::string reference = item.words[0];
  const std::string alias = item.option("as", reference);
  const auto diff_ids = layer != build.layers.end() ? layer->second.diff_ids : std::vector<std::string>();
  const std::string config = item.option("config", config_text(alias, diff_ids, item.has("parent") ? 1 : 0));
  const std::string id = sha256_hex(config);
  const std::string imagedb = build.image_dir() + "/imagedb";
  build.disk.file(imagedb + "/content/sha256/" + id, config, 0600);
  const BuiltImage image{"sha256:" + id, layer_name};
  build.images[alias] = image;
  build.images[reference] = image;
  if (reference != "-") {
    build.repositories[repository_of(reference)][reference] = image.id;
  }
  const std::string further = item.option("also");
  for (const std::string_view also : split(further, ',')) {
    if (!also.empty()) {
      build.repositories[repository_of(std::string(also))][std::string(also)] = image.id;
      build.images[std::string(also)] = image;
    }
  }
  if (item.has("pulled")) {
    const std::string repository = repository_of(reference);
    build.repositories[repository][repository + "@sha256:" + sha256_hex("manifest " + id)] = image.id;
    for (const std::string& diff_id : diff_ids) {
      make_distribution(build, diff_id, item.option("pulled") + "/" + repository);
    }
    if (!diff_ids.empty()) {
      name_distribution(build, alias, diff_ids.back());
    }
  } else {
    make_metadata(build, imagedb + "/metadata/sha256/" + id, item);
  }
  build.name(alias, imagedb + "/content/sha256/" + id);
  build.name(alias + ".metadata", imagedb + "/metadata/sha256/" + id);
  build.say(alias + ".id", image.id);
  build.say(alias + ".hex", id);
}

void finish_images(RootBuild& build) {
  std::string repositories;
  for (const auto& [repository, references] : build.repositories) {
    std::string inner;
    for (const auto& [reference, id] : references) {
      inner += (inner.empty() ? "" : ",") + quoted(reference) + ":" + quoted(id);
    }
    repositories += (repositories.empty() ? "" : ",") + quoted(repository) + ":{" + inner + "}";
  }
  build.disk.file(build.image_dir() + "/repositories.json", R"({"Repositories":{)" + repositories + "}}", 0600);
  for (const auto& [dir, time] : build.committed) {
    if (build.driver != "vfs") {
      build.disk.file(build.driver + "/" + dir + "/committed", "", 0600);
      build.disk.time(build.driver + "/" + dir + "/committed", time);
    }
  }
}

}  // namespace dfsck

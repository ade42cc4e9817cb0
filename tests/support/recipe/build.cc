// Builds a root from its objects, in their order; what they refer to stands above them.
#include "tests/support/recipe/build.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <ctime>

#include "core/base/text.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

std::string repeated(const std::string& token, size_t length, std::string_view alphabet) {
  if (token.empty() || token.find_first_not_of(alphabet) != std::string::npos) {
    return "";
  }
  std::string id;
  while (id.size() < length) {
    id += token;
  }
  return id.substr(0, length);
}

using Maker = void (*)(RootBuild&, const RecipeItem&);

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> kMakers = {
      {"layer", make_layer},       {"build", make_build_dir}, {"image", make_image},     {"container", make_container},
      {"mount", make_build_mount}, {"volume", make_volume},   {"network", make_network}, {"record", make_record},
      {"plugin", make_plugin},     {"swarm", make_swarm}};
  return kMakers;
}

// "1000:100000": 0 is the user 1000, all others are 100000 and up.
IdMap rootless_ids(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, ':');
  const auto id = [&](size_t i) {
    return static_cast<uint32_t>(parse_uint64(parts.size() > i ? parts[i] : "").value_or(0));
  };
  return IdMap::of({{0, id(0), 1}, {1, id(1), 65536}}).value_or(IdMap());
}

// `root [version=N] [driver=NAME] [userns=UID.GID] [shift=N] [rootless=UID:FIRST]` comes before all else.
void apply_root_item(RootBuild& build, const RecipeItem& item) {
  build.driver = item.option("driver", build.driver);
  build.version = static_cast<int>(parse_int64(item.option("version", "20")).value_or(20));
  if (item.has("userns")) {
    build.prefix = item.option("userns") + "/";
    const uint64_t base = parse_uint64(split(item.option("userns"), '.')[0]).value_or(0);
    build.disk.set_ids(IdMap::shifted(static_cast<uint32_t>(base), 65536), false);
  } else if (item.has("shift")) {
    const uint64_t base = parse_uint64(item.option("shift")).value_or(0);
    build.disk.set_ids(IdMap::shifted(static_cast<uint32_t>(base), 65536), true);
  } else if (item.has("rootless")) {
    build.disk.set_ids(rootless_ids(item.option("rootless")), true);
  }
}

std::string target_of(const std::string& root, const std::vector<RecipeItem>& objects) {
  for (const RecipeItem& item : objects) {
    if (item.kind == "root" && item.has("userns")) {
      return root + "/" + item.option("userns");
    }
  }
  return root;
}

}  // namespace

std::string long_hex(const std::string& token) {
  const std::string id = repeated(token, 64, "0123456789abcdef");
  return id.empty() ? sha256_hex(token) : id;
}

std::string build_id(const std::string& token) {
  const std::string id = repeated(token, 25, "0123456789abcdefghijklmnopqrstuvwxyz");
  return id.empty() ? sha256_hex(token).substr(0, 25) : id;
}

std::string link_id(const std::string& token) {
  const std::string id = repeated(token, 26, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
  if (!id.empty()) {
    return id;
  }
  std::string letters;
  for (const char c : sha256_hex(token).substr(0, 26)) {
    letters += static_cast<char>(c <= '9' ? 'A' + (c - '0') : 'K' + (c - 'a'));
  }
  return letters;
}

std::string quoted(const std::string& text) { return to_go_json(JsonValue::string(text)); }

std::string go_time(int64_t seconds, long nanoseconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string result(text.data(), size);
  if (nanoseconds > 0) {
    std::snprintf(text.data(), text.size(), ".%09ld", nanoseconds);
    result += text.data();
    result.erase(result.find_last_not_of('0') + 1);
  }
  return result + "Z";
}

Result<RecipeNames> build_root(const std::string& root, const std::vector<RecipeItem>& objects) {
  const std::string target = target_of(root, objects);
  if (target != root && ::mkdir(target.c_str(), 0710) != 0) {
    return sys_error("mkdir", target);
  }
  RootBuild build(target);
  for (const RecipeItem& item : objects) {
    if (item.kind == "root") {
      apply_root_item(build, item);
    }
  }
  make_skeleton(build);
  for (const RecipeItem& item : objects) {
    if (const auto maker = makers().find(item.kind); maker != makers().end()) {
      maker->second(build, item);
    }
  }
  finish_images(build);
  finish_databases(build);
  if (!build.prefix.empty()) {
    RecipeDisk above(root);
    above.mode(".", 0710);
    above.owner(".", build.disk.daemon_id(), build.disk.container_id(0));
    if (const Result<void> done = above.finish(); !done) {
      return done.error();
    }
  }
  if (const Result<void> done = build.disk.finish(); !done) {
    return done.error();
  }
  return build.names;
}

}  // namespace dfsck

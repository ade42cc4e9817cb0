// Chooses the description, and the words that several of them use.
#include "cmd/show/describe.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {

ShownList used_by(std::vector<ShownThing> things) { return {kUsedBy, "what refers to it", std::move(things)}; }
ShownList uses(std::vector<ShownThing> things) { return {kUses, "what it refers to", std::move(things)}; }

// In UTC, with nanoseconds only where there are some: a file that was unpacked
// from a tar has none, one of BuildKit has.
std::string time_text(const FileTime& time) {
  const std::time_t seconds = time.seconds;
  std::tm parts{};
  std::array<char, 64> buffer{};
  if (::gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
    return std::to_string(time.seconds) + " s after 1970";
  }
  std::string text = buffer.data();
  if (time.nanoseconds != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%09lld", static_cast<long long>(time.nanoseconds));
    text += buffer.data();
  }
  return text + "Z";
}

// In octal with the setuid, setgid and sticky bits: those are what a container's programs depend on.
std::string mode_text(uint32_t mode) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04o", mode & 07777U);
  return buffer.data();
}

// Owners as numbers: they are of the host, and names of the host would say nothing about a container.
void add_stat(const FileStat& stat, Description& description) {
  description.fact("type", std::string(type_name(stat.mode)));
  description.fact("mode", mode_text(stat.mode));
  description.fact("owner", std::to_string(stat.uid) + ":" + std::to_string(stat.gid));
  if (!stat.is_dir()) {
    description.fact("size", counted(stat.size, "byte"));
  }
  if (stat.is_file() && stat.links > 1) {
    description.fact("hard links", std::to_string(stat.links));
  }
  description.fact("modified", time_text(stat.mtime));
}

// A path that leads to nothing of the model's own: what it is part of may be known all the same.
Description describe_file(const ShowView& view, const RelPath& path) {
  Description description;
  description.kind = "file";
  description.id = view.prefix.joined(path).text();
  const Result<FileStat> stat = view.root.stat(path);
  if (stat) {
    description.kind = stat->is_dir() ? "directory" : "file";
    add_stat(*stat, description);
  } else {
    description.fact("note", stat.error().message());
  }
  if (stat && stat->is_symlink()) {
    const Result<std::string> target = view.root.read_link(path);
    description.fact("link target", target ? escaped(*target) : target.error().message());
  }
  description.places.push_back(view.place(path, stat ? std::string(type_name(stat->mode)) : "unreadable"));
  std::vector<ShownThing> owners;
  if (const std::optional<Target> owner = owner_of_path(view.model, view.derived, path); owner) {
    const std::optional<ChainId> chain = ChainId::parse(owner->id);
    switch (owner->kind) {
      case Target::Kind::Image: owners.push_back(image_thing(view, "part of image", owner->id)); break;
      case Target::Kind::Layer: owners.push_back(layer_thing(view, "part of layer", *chain)); break;
      case Target::Kind::Container: owners.push_back(container_thing(view, "part of container", owner->id)); break;
      case Target::Kind::Directory: owners.push_back(dir_thing(view, "part of directory", owner->id)); break;
      default:
        owners.push_back({"part of " + std::string(target_kind_name(owner->kind)),
                          std::string(target_kind_name(owner->kind)),
                          escaped(owner->id),
                          {},
                          {}});
    }
  }
  description.lists.push_back(used_by(std::move(owners)));
  return description;
}

// Only looking into tar-split can fail or take long, so only that is given a way to stop.
Result<Description> describe_target(const ShowView& view, const Target& target, const Cancel& cancel) {
  switch (target.kind) {
    case Target::Kind::Image: return describe_image(view, target.id);
    case Target::Kind::Layer: return describe_layer(view, *ChainId::parse(target.id));
    case Target::Kind::Container: return describe_container(view, target.id);
    case Target::Kind::Directory: return describe_directory(view, *CacheId::parse(target.id));
    case Target::Kind::Link: return describe_link(view, target.id);
    case Target::Kind::Volume: return describe_volume(view, target.id);
    case Target::Kind::Network: return describe_network(view, target.id);
    case Target::Kind::Tag: return describe_tag(view, target.id);
    case Target::Kind::LayerFile: return describe_layer_file(view, *CacheId::parse(target.id), target.path, cancel);
    case Target::Kind::File: break;
  }
  return describe_file(view, target.path);
}

}  // namespace dfsck

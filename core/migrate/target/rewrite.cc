// Which members of which files are paths of the host, and changing them in place.
#include "core/migrate/target/rewrite.h"

#include <algorithm>
#include <array>

#include "core/base/try.h"
#include "core/codec/json/text.h"

namespace dfsck {
namespace {

// A list of members and not a search for the text: the same bytes in a command line, a label or an environment
// variable may be meant for the container, where nothing has moved.
struct PathMember {
  ConfigFile file;
  std::string_view path;  // '/' between steps, "*" for any member or item
};

// moby container/container.go, volume/mounts/mounts.go:MountPoint, api/types/container/hostconfig.go,
// plugin/v2/plugin.go, volume/local/local.go:optsConfig. "Volumes" is what daemons before 1.10 wrote.
constexpr std::array kMembers{
    PathMember{ConfigFile::Container, "LogPath"},
    PathMember{ConfigFile::Container, "HostnamePath"},
    PathMember{ConfigFile::Container, "HostsPath"},
    PathMember{ConfigFile::Container, "ResolvConfPath"},
    PathMember{ConfigFile::Container, "ShmPath"},
    PathMember{ConfigFile::Container, "MqueuePath"},
    PathMember{ConfigFile::Container, "Volumes/*"},
    PathMember{ConfigFile::Container, "MountPoints/*/Source"},
    PathMember{ConfigFile::Container, "MountPoints/*/Spec/Source"},
    PathMember{ConfigFile::Host, "Binds/*"},
    PathMember{ConfigFile::Host, "Mounts/*/Source"},
    PathMember{ConfigFile::Host, "ContainerIDFile"},
    PathMember{ConfigFile::Host, "LogConfig/Config/*"},
    PathMember{ConfigFile::Host, "Devices/*/PathOnHost"},
    PathMember{ConfigFile::Plugin, "Rootfs"},
    PathMember{ConfigFile::Plugin, "PropagatedMount"},
    PathMember{ConfigFile::Plugin, "plugin/Settings/Mounts/*/Source"},
    PathMember{ConfigFile::Plugin, "plugin/Settings/Devices/*/Path"},
    PathMember{ConfigFile::VolumeOptions, "MountDevice"},
};

// Go matches names of struct members whatever their case.
bool same_name(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

bool is_at(const std::vector<JsonStep>& path, std::string_view member) {
  for (const JsonStep& step : path) {
    const size_t slash = std::min(member.find('/'), member.size());
    const std::string_view wanted = member.substr(0, slash);
    if (wanted.empty() || (wanted != "*" && (step.in_array || !same_name(step.key, wanted)))) {
      return false;
    }
    member.remove_prefix(std::min(slash + 1, member.size()));
  }
  return member.empty();
}

// The member by its rule; null for strings that are no paths of the host.
const PathMember* rule_for(ConfigFile file, const std::vector<JsonStep>& path) {
  const auto found = std::find_if(kMembers.begin(), kMembers.end(), [&](const PathMember& member) {
    return member.file == file && is_at(path, member.path);
  });
  return found == kMembers.end() ? nullptr : &*found;
}

// Whether the path `from` ends where `rest` begins.
bool ends_path(std::string_view rest, bool is_bind) {
  return rest.empty() || rest.front() == '/' || (is_bind && rest.front() == ':');
}

// As a whole path, between characters that end words: /var/lib/docker is no mention where it begins
// /var/lib/docker-data.
bool mentions(std::string_view value, std::string_view from) {
  for (size_t at = value.find(from); at != std::string_view::npos; at = value.find(from, at + 1)) {
    const std::string_view rest = value.substr(at + from.size());
    const bool whole = rest.empty() || std::string_view("/:,; \t\n\"'").find(rest.front()) != std::string_view::npos;
    const bool starts = at == 0 || std::string_view("=:,; \t\n\"'").find(value[at - 1]) != std::string_view::npos;
    if (whole && starts) {
      return true;
    }
  }
  return false;
}

// Where a mount appears in the container: no business of the host.
bool is_inside_container(const std::vector<JsonStep>& path) {
  return !path.empty() && (path.back().key == "Destination" || path.back().key == "Target");
}

// The text is copied with only the changed bytes replaced. Writing the JSON anew would lose members that this program
// does not know, and the order that an older daemon gave them.
class Rewriter {
 public:
  Rewriter(ConfigFile file, std::string_view json, std::span<const PathMove> moves)
      : file_(file), json_(json), moves_(moves) {}

  void look_at(const std::vector<JsonStep>& path, const JsonPlace& place) {
    if (place.kind != JsonPlace::Kind::String) {
      return;
    }
    const std::string_view raw = json_.substr(place.begin + 1, place.end - place.begin - 2);
    const PathMember* rule = rule_for(file_, path);
    if (rule != nullptr && change(path, place.begin + 1, raw, rule->path == "Binds/*")) {
      return;
    }
    const std::string value = decoded_json(raw);
    if (!is_inside_container(path) &&
        std::any_of(moves_.begin(), moves_.end(), [&](const PathMove& move) { return mentions(value, move.from); })) {
      done_.mentions.push_back({json_path_text(path), value, ""});
    }
  }

  RewrittenFile take() {
    done_.bytes.append(json_.substr(copied_));
    return std::move(done_);
  }

 private:
  // json_prefix() compares the text as it is escaped, so the bytes behind the old root stay exactly those of the
  // file.
  bool change(const std::vector<JsonStep>& path, size_t begin, std::string_view raw, bool is_bind) {
    for (const PathMove& move : moves_) {
      const std::optional<size_t> length = json_prefix(raw, move.from);
      if (!length || !ends_path(decoded_json(raw.substr(*length)), is_bind)) {
        continue;
      }
      const std::string after = encoded_json(move.to);
      done_.changes.push_back({json_path_text(path), decoded_json(raw), move.to + decoded_json(raw.substr(*length))});
      done_.bytes.append(json_.substr(copied_, begin - copied_));
      done_.bytes.append(after);
      copied_ = begin + *length;
      return true;
    }
    return false;
  }

  ConfigFile file_;
  std::string_view json_;
  std::span<const PathMove> moves_;
  RewrittenFile done_;
  size_t copied_ = 0;
};

}  // namespace

Result<RewrittenFile> rewrite_paths(ConfigFile file, std::string_view json, std::span<const PathMove> moves) {
  JsonLimits limits;
  // The daemon reads a container's files through a decoder that stops behind the first value.
  const bool ignores_rest = file == ConfigFile::Container || file == ConfigFile::Host;
  limits.trailing = ignores_rest ? JsonTrailing::Ignore : JsonTrailing::Reject;
  Rewriter rewriter(file, json, moves);
  const Result<void> visited = visit_json_text(
      json, limits, [&](const std::vector<JsonStep>& path, const JsonPlace& place) { rewriter.look_at(path, place); });
  TRY(visited);
  return rewriter.take();
}

}  // namespace dfsck

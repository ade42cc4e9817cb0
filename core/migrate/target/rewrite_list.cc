// How a root spells its own path, and which of its files do.
#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>

#include "core/base/escape.h"
#include "core/codec/json/json.h"
#include "core/donor/file_range.h"
#include "core/migrate/target/rewrite.h"

namespace dfsck {
namespace {

constexpr size_t kLargestContainerConfig = 64U << 20;

struct ConfigPath {
  RelPath path;
  ConfigFile kind;
};

// All containers, also those that do not load: what is repaired later shall not name the old disk.
std::vector<ConfigPath> config_files(const Model& model) {
  std::vector<ConfigPath> files;
  for (const Container& container : model.containers.containers) {
    files.push_back({container.path / "config.v2.json", ConfigFile::Container});
    files.push_back({container.path / "hostconfig.json", ConfigFile::Host});
  }
  for (const Plugin& plugin : model.entries.plugins) {
    files.push_back({plugin.path / "config.json", ConfigFile::Plugin});
  }
  for (const Volume& volume : model.volumes.volumes) {
    files.push_back({volume.path / "opts.json", ConfigFile::VolumeOptions});
  }
  return files;
}

// Databases of the daemon that can hold paths of the host.
// Whose values have lengths and sums around them. They are not rewritten: what the daemon keeps of paths there it
// makes anew or only shows.
std::vector<RelPath> binary_files(const Model& model) {
  std::vector<RelPath> files;
  for (const Database* database : model.databases()) {
    files.push_back(database->path);
  }
  files.emplace_back("containerd/daemon/io.containerd.metadata.v1.bolt/meta.db");
  files.emplace_back("swarm/worker/tasks.db");
  return files;
}

// What stands before `tail` in the value, if that is an absolute path with something in it.
std::string before(const std::string& value, const std::string& tail) {
  const size_t at = value.find(tail);
  const bool is_path = at != std::string::npos && at > 1 && value.front() == '/';
  return is_path ? value.substr(0, at) : "";
}

RewriteNeed need_of(const Root& root, const ConfigPath& file, std::span<const PathMove> moves) {
  RewriteNeed need{file.path, file.kind, {}, {}, ""};
  const Result<std::string> bytes = root.read_small(file.path, kLargestContainerConfig);
  if (!bytes) {
    const bool absent = bytes.error().is_io(ENOENT) || bytes.error().is_io(ENOTDIR);
    need.problem = absent ? "" : bytes.error().message();
    return need;
  }
  Result<RewrittenFile> rewritten = rewrite_paths(file.kind, *bytes, moves);
  if (!rewritten) {
    need.problem = rewritten.error().message();
    return need;
  }
  need.changes = std::move(rewritten->changes);
  need.mentions = std::move(rewritten->mentions);
  return need;
}

// With a slash or a closing quote behind it: in the bytes of a database nothing else ends a path.
bool names_old_place(std::string_view bytes, std::span<const PathMove> moves) {
  return std::any_of(moves.begin(), moves.end(), [&](const PathMove& move) {
    return bytes.find(move.from + "/") != std::string_view::npos ||
           bytes.find(move.from + "\"") != std::string_view::npos;
  });
}

// Reads the file in pieces that overlap by what could lie across their border.
bool file_names_old_place(const Root& root, const RelPath& path, std::span<const PathMove> moves) {
  size_t overlap = 0;
  for (const PathMove& move : moves) {
    overlap = std::max(overlap, move.from.size() + 1);
  }
  const Result<FileStat> stat = root.stat(path);
  Result<Fd> fd = root.open_file(path);
  if (!stat || !fd) {
    return false;
  }
  FileRange range(std::make_shared<const Fd>(std::move(*fd)), 0, stat->size, path.text());
  std::string window;
  for (;;) {
    const Result<std::string_view> piece = range.next();
    if (!piece || piece->empty()) {
      return false;
    }
    window.append(*piece);
    if (names_old_place(window, moves)) {
      return true;
    }
    window.erase(0, window.size() - std::min(overlap, window.size()));
  }
}

void add_move(std::vector<PathMove>& moves, std::string from, const std::string& to) {
  while (from.size() > 1 && from.ends_with('/')) {
    from.pop_back();
  }
  const bool known = std::any_of(moves.begin(), moves.end(), [&](const PathMove& move) { return move.from == from; });
  if (!known && from.size() > 1 && from.front() == '/' && from != to) {
    moves.push_back({std::move(from), to});
  }
}

}  // namespace

// A root that was moved before, or is mounted elsewhere now, still has the old spelling in its files; only they tell
// what has to be replaced.
std::vector<std::string> spelled_roots(const Root& root, const Model& model) {
  std::map<std::string, size_t> votes;
  for (const Container& container : model.containers.containers) {
    const std::string tail = "/containers/" + container.name_on_disk + "/";
    const Result<std::string> bytes = root.read_small(container.path / "config.v2.json", kLargestContainerConfig);
    const Result<JsonValue> config =
        bytes ? parse_json(*bytes, {.trailing = JsonTrailing::Ignore}) : Result<JsonValue>(bytes.error());
    for (const char* key : {"LogPath", "HostnamePath", "HostsPath", "ResolvConfPath"}) {
      if (const std::string* value = config ? config->get(key).as_string() : nullptr; value != nullptr) {
        ++votes[before(*value, tail)];
      }
    }
    for (const Container::MountPoint& mount : container.mount_points) {
      const std::string data = "/volumes/" + mount.name + "/_data";
      if (mount.type == "volume" && mount.source.ends_with(data)) {
        ++votes[before(mount.source, data)];
      }
    }
  }
  votes.erase("");
  std::vector<std::string> roots;
  for (const auto& [spelled, count] : votes) {
    roots.push_back(spelled);
  }
  std::stable_sort(roots.begin(), roots.end(),
                   [&](const std::string& one, const std::string& other) { return votes[one] > votes[other]; });
  return roots;
}

// The longest first: the old root of a remapped daemon begins with the old root of the whole.
std::vector<PathMove> moves_of(const Root& root, const SourceRoot& source, const std::string& typed,
                               const std::string& final_path) {
  const std::string tail = source.prefix.is_root() ? "" : "/" + source.prefix.bytes();
  std::vector<PathMove> moves;
  std::vector<std::string> old_roots{root.path(), typed.empty() ? "" : typed + tail};
  const std::vector<std::string> spelled = spelled_roots(root, source.model);
  old_roots.insert(old_roots.end(), spelled.begin(), spelled.end());
  for (const std::string& old_root : old_roots) {
    add_move(moves, old_root, final_path + tail);
    // Users may bind what lies beside a remapped root, too.
    if (!tail.empty() && old_root.ends_with(tail)) {
      add_move(moves, old_root.substr(0, old_root.size() - tail.size()), final_path);
    }
  }
  std::stable_sort(moves.begin(), moves.end(),
                   [](const PathMove& one, const PathMove& other) { return one.from.size() > other.from.size(); });
  return moves;
}

RewriteList list_rewrites(const Root& root, const Model& model, std::span<const PathMove> moves) {
  RewriteList list;
  if (moves.empty()) {
    return list;
  }
  for (const ConfigPath& file : config_files(model)) {
    RewriteNeed need = need_of(root, file, moves);
    if (!need.changes.empty() || !need.mentions.empty() || !need.problem.empty()) {
      list.files.push_back(std::move(need));
    }
  }
  std::sort(list.files.begin(), list.files.end(),
            [](const RewriteNeed& one, const RewriteNeed& other) { return one.path < other.path; });
  for (const RelPath& path : binary_files(model)) {
    if (file_names_old_place(root, path, moves)) {
      list.binary_files.push_back(path);
    }
  }
  std::sort(list.binary_files.begin(), list.binary_files.end());
  return list;
}

}  // namespace dfsck

// Absolute paths inside a root that name places of that root, made to name them at its new place.
//
// Most paths in a root are relative. What is absolute stands in JSON files of containers, plugins and volumes; of these
// exactly the members that the daemon uses as paths of the host are changed (never what a container calls its own
// paths, like the destination of a mount or an argument), and in those only the bytes of the old root.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/migrate/plan/copy_plan.h"

namespace dfsck {

// One way in which the old place is spelled, and the new place: absolute, without a slash at the end.
struct PathMove {
  std::string from, to;
};

enum class ConfigFile {
  Container,      // config.v2.json
  Host,           // hostconfig.json
  Plugin,         // plugins/<id>/config.json
  VolumeOptions,  // volumes/<name>/opts.json
};

// A string in such a file, by its place: "MountPoints./data.Source", escaped.
struct PathChange {
  std::string member;
  std::string before, after;  // decoded bytes
};

struct RewrittenFile {
  std::string bytes;
  std::vector<PathChange> changes;  // in the order of the text; empty: `bytes` are those that were given
  // Other strings that hold the old root: arguments, environment, labels. They are left alone, for people to look at.
  std::vector<PathChange> mentions;  // `after` is empty
};

// The first move whose `from` is the value, or is followed in it by a slash, decides (in Binds by ':' as well). All
// other bytes of the text stay. To be given the bytes of the source: where the new place lies below the old one, a
// second time would move them once more. Errors as parse_json, Limit beyond 64 MiB: then the file has to stay as it is.
// Pure.
Result<RewrittenFile> rewrite_paths(ConfigFile kind, std::string_view json, std::span<const PathMove> moves);

// How the configurations of a root spell it, most frequent first: what stands before "/containers/<id>/" in the paths
// that the daemon keeps of its containers, and before "/volumes/<name>/_data" of its volumes. That is the root as the
// daemon knew it, which need not be where it is mounted now.
std::vector<std::string> spelled_roots(const Root& root, const Model& model);

// All moves for one root (`root` is that root itself, remapped or not): from its resolved path, from `typed` (the whole
// source as the user named it; absolute, may be empty) and from the spelled ones, to its place below `final_path`,
// where the whole source goes. The longest comes first; none changes nothing.
std::vector<PathMove> moves_of(const Root& root, const SourceRoot& source, const std::string& typed,
                               const std::string& final_path);

struct RewriteNeed {
  RelPath path;  // relative to the root that the model is of
  ConfigFile kind = ConfigFile::Container;
  std::vector<PathChange> changes;
  std::vector<PathChange> mentions;
  std::string problem;  // why it cannot be rewritten, escaped; empty if it can
};

struct RewriteList {
  std::vector<RewriteNeed> files;     // sorted by path; with changes, mentions or a problem
  std::vector<RelPath> binary_files;  // databases that hold the bytes of an old path: kept as they are
};

// Reads all that could need it below `root`. An unreadable file is a problem of that file.
RewriteList list_rewrites(const Root& root, const Model& model, std::span<const PathMove> moves);

}  // namespace dfsck

// overlay2/: the graph driver's directories and short links. Written by moby daemon/graphdriver/overlay2/overlay.go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/model/file_state.h"

namespace dfsck {

// A member of a layer directory that should itself be a directory (diff, work, merged) or a marker (committed).
struct MemberState {
  bool exists = false;
  FileStat stat;
};

struct OverlayDir {
  CacheId id;
  RelPath path;
  FileStat stat;
  MemberState diff, work, merged, committed;
  bool merged_has_files = false;
  bool merged_is_mount = false;
  bool work_has_index = false;  // work/index holds entries
  FileState link, lower;
  std::optional<LinkId> link_id;
  uint32_t project_id = 0;           // of the filesystem's quota; 0: none
  std::vector<RelPath> temporaries;  // .tmp-* of cut-off writes

  explicit OverlayDir(CacheId cache) : id(std::move(cache)) {}
};

// One entry of overlay2/l.
struct ShortLink {
  std::string name;
  RelPath path;
  std::optional<LinkId> id;
  uint32_t mode = 0;                 // its type
  std::string target;                // for symbolic links
  std::optional<CacheId> points_to;  // if the target is exactly "../<id>/diff"
};

struct OverlayStore {
  bool exists = false;
  RelPath path;                  // "overlay2" or "fuse-overlayfs"
  std::vector<OverlayDir> dirs;  // sorted by id
  std::vector<ShortLink> links;  // sorted by name
  FileState::Kind links_dir = FileState::Kind::Absent;
  std::vector<std::string> probe_dirs;  // left by kernel feature probes
  std::vector<DirEntry> foreign;        // what is none of these
  bool complete = true;                 // everything could be listed and read

  const OverlayDir* find(const CacheId& id) const;
  const OverlayDir* find(std::string_view id) const;
  const ShortLink* find_link(std::string_view name) const;
};

}  // namespace dfsck

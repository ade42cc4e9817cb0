// Making the objects of one layer below an open directory. Internal to core/load.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/codec/tar/header.h"
#include "core/content/verify.h"
#include "core/fs/dir.h"
#include "core/fs/fd.h"
#include "core/load/member.h"

namespace dfsck {

class TreeBuilder {
 public:
  // Both must outlive it. `where` is for messages: the layer.
  TreeBuilder(const Dir& top, const RootOwners& owners, std::string where)
      : top_(top), owners_(owners), where_(std::move(where)) {}

  // Makes what the entry asks for. Of a File it gives the descriptor, empty: who has written into it calls finish_file.
  Result<Fd> make(const LayerMember& member, const TarHeader& header);
  Result<void> finish_file(const Fd& file, const TarHeader& header);
  // Sets the times of directories; the last call.
  Result<void> finish();

 private:
  Error refuse(const TarHeader& header, const std::string& why) const;
  Error explained(const Error& error, const TarHeader& header) const;
  Result<void> enter_parent(const RelPath& path);
  Result<void> make_implied(const RelPath& path);
  Result<void> make_directory_entry(const LayerMember& member, const TarHeader& header);
  Result<void> make_link_entry(const LayerMember& member, const TarHeader& header);
  Result<void> make_node_entry(const LayerMember& member, const TarHeader& header);
  Result<void> mark_opaque(const RelPath& directory, const TarHeader& header);
  Result<Dir> open_below(const RelPath& path) const;

  const Dir& top_;
  const RootOwners& owners_;
  std::string where_;
  RelPath parent_path_;
  std::optional<Dir> parent_;  // open at parent_path_
  std::vector<std::pair<RelPath, FileTime>> directories_;
  uint64_t nodes_ = 0;
};

}  // namespace dfsck

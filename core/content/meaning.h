// What a container sees, for trees that cannot be judged entry by entry.
//
// Where the daemon unpacks through an overlay mount (moby daemon/graphdriver/fsdiff.go:ApplyDiff), the kernel decides
// which whiteouts and opaque marks the upper directory gets: none where nothing has to be hidden, others where the tar
// has none. Then it is asked whether the layer on its lowers shows what the tar says.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fs/fd.h"

namespace dfsck {

class Meaning {
 public:
  // Descriptors of diff/ of the layer and of the layers below it, nearest first.
  Meaning(int upper, std::vector<Fd> lowers) : upper_(upper), lowers_(std::move(lowers)) {}

  // Nothing is seen at this path.
  bool is_hidden(std::string_view path) const;
  // Nothing of the layers below is seen in this directory.
  bool hides_lowers(std::string_view directory) const;
  // The directory that this path leads to when links of lower layers are followed too; nothing if it leads nowhere.
  std::optional<std::string> resolve_directory(std::string_view path) const;

  // A ".wh..wh..opq" of this directory was seen: the kernel may have whiteouts below it.
  void note_opaque(std::string_view directory) { opaque_.emplace_back(directory); }
  // An object that no header explains changes nothing that a container sees: a whiteout of nothing, or a directory or
  // file that was copied up as it was.
  bool is_harmless(std::string_view path, const struct ::stat& found) const;

 private:
  // The directories, top first, that a merged directory consists of, as open descriptors.
  using Stack = std::vector<Fd>;

  Stack top(bool with_upper) const;
  // One step down. `stack` becomes empty where there is no such directory.
  static Stack step(const Stack& stack, const std::string& name);
  // The directory at the end of a path without following links.
  Stack descend(bool with_upper, std::string_view path) const;
  // What the topmost layer that has `name` says; nothing if it is absent or whited out.
  static std::optional<struct ::stat> look_up(const Stack& stack, const std::string& name);
  bool covers(const Stack& upper_and_lowers, size_t depth) const;

  int upper_;
  std::vector<Fd> lowers_;
  std::vector<std::string> opaque_;
};

}  // namespace dfsck

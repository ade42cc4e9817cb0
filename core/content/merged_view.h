// What a container sees, for trees that cannot be judged entry by entry.
//
// Where the daemon unpacks through an overlay mount (moby daemon/graphdriver/fsdiff.go:ApplyDiff), the kernel decides
// which whiteouts and opaque marks the upper directory gets: none where nothing has to be hidden, others where the tar
// has none. Then it is asked whether the layer on its lowers shows what the tar says.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/content/verify.h"
#include "core/fs/fd.h"
#include "core/fs/root.h"

namespace dfsck {

// Where the layers below are not known, nothing is hidden, harmless or to be found elsewhere.
class MergedView {
 public:
  // `upper` is diff/ of the layer. The layers below it are opened when they are first needed, which in most trees is
  // never. One that is not there shows nothing. All must outlive this.
  MergedView(const Root& root, const LayerInput& input, int upper) : root_(root), input_(input), upper_(upper) {}

  // Nothing is seen at this path.
  bool is_hidden(std::string_view path);
  // Nothing of the layers below is seen in this directory.
  bool hides_lowers(std::string_view directory);
  // What would be seen in this directory of the layers below alone; nothing if that cannot be told.
  std::optional<std::vector<std::string>> names_below(std::string_view directory);
  // The directory that this path leads to when links of lower layers are followed too; nothing if it leads nowhere.
  std::optional<std::string> resolve_directory(std::string_view path);

  // A ".wh..wh..opq" of this directory was seen: the kernel may have whiteouts below it.
  void note_opaque(std::string_view directory) { opaque_.emplace(directory); }
  // An object that no header explains changes nothing that a container sees: a whiteout of nothing, or a directory or
  // file that was copied up as it was.
  bool is_harmless(std::string_view path, const struct ::stat& found);

  // We ran out of descriptors or memory: nothing is known then.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  // The directories, top first, that a merged directory consists of, as open descriptors.
  using Stack = std::vector<Fd>;

  void open_lowers();
  Stack top(bool with_upper);
  // One step down. `stack` becomes empty where there is no such directory.
  Stack step(const Stack& stack, const std::string& name) const;
  // The directory at the end of a path without following links.
  Stack descend(bool with_upper, std::string_view path);
  // What the topmost layer that has `name` says; nothing if it is absent or whited out.
  std::optional<struct ::stat> look_up(const Stack& stack, const std::string& name) const;
  bool covers(const Stack& upper_and_lowers, size_t depth) const;
  bool has_whiteout_file(const Fd& dir, const std::string& name) const;
  bool is_opaque(const Fd& dir) const;
  // All names in these directories, sorted, whited out or not; nothing if one cannot be read.
  static std::optional<std::vector<std::string>> names_in(const Stack& stack, size_t first);
  bool is_below_opaque(std::string_view path) const;

  const Root& root_;
  const LayerInput& input_;
  int upper_;
  bool opened_ = false;
  std::vector<Fd> lowers_;
  std::set<std::string, std::less<>> opaque_;
  std::optional<Error> failure_;
};

}  // namespace dfsck

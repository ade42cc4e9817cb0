// The root that a command works on, opened.
#pragma once

#include <optional>
#include <string>

#include "cmd/options/options.h"
#include "core/fs/root.h"

namespace dfsck {

// The first argument, or the default root.
struct OpenedRoot {
  std::optional<Root> root;
  std::string failure;      // why there is none
  bool is_missing = false;  // there is nothing at `path`
  std::string path;         // as it was given or chosen
};
OpenedRoot open_root(const Options& options);
// The same for a command whose root is named by --root; `usage` is how another one is named.
OpenedRoot open_root_option(const Options& options, const std::string& usage);

// "docker-fsck undo /srv/docker": a command on the root that these options name, for people to copy. `words` may be
// empty for the check itself.
std::string command_line(const Options& options, const std::string& words);

}  // namespace dfsck

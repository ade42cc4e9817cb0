// Which root is meant, and what to say when it cannot be opened.
#include "cmd/open_root.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "cmd/options/default_root.h"
#include "cmd/render/safe_text.h"
#include "core/base/escape.h"
#include "core/base/shell_word.h"
#include "core/base/try.h"
#include "core/fs/host_ids.h"

namespace dfsck {
namespace {

// How a command names its root.
struct Naming {
  std::optional<std::string> root;
  std::string usage;
};

Result<DefaultRoot> chosen_root(const Naming& naming) {
  if (naming.root) {
    return DefaultRoot{*naming.root, ""};
  }
  ASSIGN_OR_RETURN(const RootEnvironment environment, root_environment());
  return default_root(environment);
}

// Root of a namespace is no more than somebody else on the host, and root of the host is root already.
// "Run it as root" helps neither of them, and would be the first thing that they try.
std::string who_may() {
  if (read_host_ids().in_namespace) {
    return "; run it on the host, outside of this user namespace";
  }
  return ::geteuid() == 0 ? "" : "; run it as root";
}

// A word without a slash that is no directory was meant as a command more often than not.
std::string cannot_open(const Error& error, const DefaultRoot& wanted, const std::string& usage) {
  const std::string path = escaped(wanted.path);
  std::string text = error.is_io(ENOENT)    ? "no such directory: " + path
                     : error.is_io(ENOTDIR) ? "not a directory: " + path
                                            : error.message();
  if (error.is_io(EACCES)) {
    text += who_may();
  }
  if (!wanted.reason.empty()) {
    text += "\n  This root was chosen because " + wanted.reason + ".\n  Another one: " + usage;
  } else if (error.is_io(ENOENT) && wanted.path.find('/') == std::string::npos) {
    text += " (nor is there a command of that name: see docker-fsck --help)";
  }
  return text;
}

// is_missing is told apart from other failures, since load may make a root that does not exist yet.
OpenedRoot open_named(const Naming& naming) {
  const Result<DefaultRoot> wanted = chosen_root(naming);
  if (!wanted) {
    return {std::nullopt, wanted.error().message() + "; name the root: " + naming.usage, false, ""};
  }
  Result<Root> root = Root::open(wanted->path);
  if (!root) {
    return {std::nullopt, cannot_open(root.error(), *wanted, naming.usage), root.error().is_io(ENOENT), wanted->path};
  }
  return {std::move(*root), "", false, wanted->path};
}

}  // namespace

OpenedRoot open_root(const Options& options) {
  const auto& words = options.arguments;
  return open_named({words.empty() ? std::nullopt : std::optional(words[0]), "docker-fsck DIRECTORY"});
}

OpenedRoot open_root_option(const Options& options, const std::string& usage) {
  return open_named({options.root.empty() ? std::nullopt : std::optional(options.root), usage});
}

// Commands in reports are for copying, so paths are quoted for a shell.
std::string command_line(const Options& options, const std::string& words) {
  std::string line = words.empty() ? "docker-fsck" : "docker-fsck " + words;
  if (!options.root_label.empty()) {
    return line + " " + options.root_label;
  }
  return options.arguments.empty() ? line : line + " " + shell_word(options.arguments[0]);
}

}  // namespace dfsck

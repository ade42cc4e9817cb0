// Telling the daemon about its new root: daemon.json, and what a person has to do around that.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace dfsck {

inline constexpr const char* kDaemonConfig = "/etc/docker/daemon.json";

// The text of daemon.json with "data-root" set, all other bytes kept. A member is changed where it is ("graph" too, as
// daemons before 23 call it), else added as the first one, indented like the others. No text (or only white space) is a
// new file. Format error where the text is not one JSON object. Pure.
Result<std::string> with_data_root(std::string_view text, std::string_view data_root);

// A place where dockerd is given its root on a command line: it refuses to start if daemon.json sets one as well.
struct CommandLineRoot {
  std::string file;    // "/etc/systemd/system/docker.service.d/root.conf"
  std::string option;  // "--data-root=/data/docker", escaped
};
// Looks into docker's systemd units and their drop-ins, and into /etc/default/docker and /etc/sysconfig/docker.
// `top` is put in front of all paths: for tests.
std::vector<CommandLineRoot> command_line_roots(const std::string& top = "");

struct SwitchedConfig {
  std::string path;                   // the file that was changed, behind all symbolic links
  std::optional<std::string> backup;  // none where there was no file
  bool changed = true;                // false: it said so already, and nothing was written
};

// Sets data-root in the file, atomically and durably: whoever reads it finds the old bytes or the new ones. The old
// file, inode and all, becomes <file>.docker-fsck-<UTC time> beside it. Owner, mode and attributes are kept; a new file
// gets 0644, and its directory is made if only that is missing. A symbolic link is followed and stays. Errors: as
// with_data_root; Io.
Result<SwitchedConfig> switch_data_root(const std::string& path, const std::string& data_root);

struct NextStepFacts {
  std::string old_root, new_root;  // absolute
  std::string config = kDaemonConfig;
  std::optional<SwitchedConfig> switched;  // --switch was given and done
  bool selinux = false;
  std::string mount_point;  // of the target's filesystem; "/" if it needs no unit
  std::vector<CommandLineRoot> on_command_line;
  bool is_whole = true;                // the new root is known to have all that was to be moved
  bool in_memory = false;              // the new root is on a filesystem that is gone when the machine stops
  std::vector<std::string> elsewhere;  // places of the old root that are links or mounts, whose data lies outside of it
  bool live_only = false;              // a --live run: the offline run comes next
};

// What to type next, in order, rollback included: lines for the screen, commands indented by four blanks. Paths are
// quoted for the shell where they need it. Pure.
std::vector<std::string> next_steps(const NextStepFacts& facts);

}  // namespace dfsck

// What a person does after a migration, in the order in which it has to be done.
#include <algorithm>
#include <string>

#include "core/codec/json/text.h"
#include "core/migrate/target/switch_config.h"

namespace dfsck {
namespace {

// As one word of a POSIX shell.
std::string word(const std::string& text) {
  constexpr std::string_view kPlain = "/._-+=:,@%";
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPlain.find(c) != std::string_view::npos;
  });
  if (plain) {
    return text;
  }
  // Control characters could do harm on a terminal: $'...' spells them out.
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != 0x7f; });
  std::string quoted = printable ? "'" : "$'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += printable ? "'\\''" : "\\'";
    } else if (!printable && (c < ' ' || c == 0x7f || c == '\\')) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      quoted += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// What this program does not do itself: it does not stop or start daemons, label files or write units. The order
// matters; a daemon that starts too early writes to one root or the other.
class Steps {
 public:
  explicit Steps(const NextStepFacts& facts) : facts_(facts) {}

  std::vector<std::string> write() {
    stop();
    if (facts_.live_only) {
      say("Copy the rest, which is quick now:");
      run("docker-fsck migrate " + word(facts_.old_root) + " " + word(facts_.new_root));
      return std::move(lines_);
    }
    point_daemon();
    label();
    wait_for_mount();
    start();
    roll_back();
    return std::move(lines_);
  }

 private:
  void say(const std::string& text) { lines_.push_back(std::to_string(++number_) + ". " + text); }
  void go_on(const std::string& text) { lines_.push_back("   " + text); }
  void run(const std::string& command) { lines_.push_back("    " + command); }

  // The socket too, or the next `docker ps` starts the daemon again.
  void stop() {
    say("Keep Docker stopped until all of this is done:");
    run("systemctl stop docker.socket docker.service containerd.service");
  }

  void point_daemon() {
    for (const CommandLineRoot& root : facts_.on_command_line) {
      say("Take " + root.option + " out of " + word(root.file) +
          ": the daemon does not start with a root in both places.");
      run("systemctl daemon-reload");
    }
    if (facts_.switched) {
      say(word(facts_.switched->path) +
          (facts_.switched->changed ? " names the new root." : " named the new root already."));
      return;
    }
    say("Set the new root in " + word(facts_.config) + ", or let `docker-fsck migrate --switch` do that:");
    run("\"data-root\": \"" + encoded_json(facts_.new_root) + "\"");
  }

  void label() {
    if (facts_.selinux) {
      say("Give SELinux the rules of the old place for the new one:");
      run("semanage fcontext -a -e " + word(facts_.old_root) + " " + word(facts_.new_root));
      run("restorecon -R " + word(facts_.new_root));
    }
  }

  // A daemon that finds an empty mount point makes a new root there; the copy then lies hidden under, or over,
  // another root.
  void wait_for_mount() {
    if (facts_.mount_point.empty() || facts_.mount_point == "/") {
      return;
    }
    say("Never let the daemon start before " + word(facts_.mount_point) +
        " is mounted; it would begin anew on an empty directory:");
    run("mkdir -p /etc/systemd/system/docker.service.d");
    run("printf '[Unit]\\nRequiresMountsFor=%s\\n' " + word(facts_.new_root) +
        " >/etc/systemd/system/docker.service.d/docker-fsck-mount.conf");
    run("systemctl daemon-reload");
  }

  void start() {
    say("Check the new root, start the daemon, and look whether all is there:");
    run("docker-fsck --dry-run " + word(facts_.new_root));
    run("systemctl start docker.service");
    run("docker info --format '{{.DockerRootDir}} {{.Images}} {{.Containers}}'");
  }

  // Possible until the old root is removed, since a migration never writes to its source.
  void roll_back() {
    say("If something is wrong, go back: the old root is as it was.");
    run("systemctl stop docker.socket docker.service");
    if (facts_.switched && facts_.switched->backup) {
      run("mv " + word(*facts_.switched->backup) + " " + word(facts_.switched->path));
    } else if (facts_.switched && facts_.switched->changed) {
      run("rm " + word(facts_.switched->path));
    } else {
      go_on("Set \"data-root\" in " + word(facts_.config) + " back to " + word(facts_.old_root) + ".");
    }
    run("systemctl start docker.service");
    keep_old_root();
  }

  void keep_old_root() {
    const std::string keep = "Keep " + word(facts_.old_root);
    if (!facts_.is_whole) {
      say(keep + ": it is not proven that the new root has all that is in it.");
    } else if (facts_.in_memory) {
      say(keep + ": the new root lies in memory, and is gone when this machine stops.");
    } else {
      say(keep + " until every container has started once; then it can be removed.");
      for (const std::string& place : facts_.elsewhere) {
        go_on("What was behind " + word(place) + " lies elsewhere and is not removed along with it.");
      }
    }
  }

  const NextStepFacts& facts_;
  std::vector<std::string> lines_;
  size_t number_ = 0;
};

}  // namespace

std::vector<std::string> next_steps(const NextStepFacts& facts) { return Steps(facts).write(); }

}  // namespace dfsck

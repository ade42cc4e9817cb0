// Reading /proc and friends. Everything here may vanish between two system calls: whatever fails is skipped.
#include "core/fs/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

// The mount table of a machine with thousands of containers has some tens of thousands of lines.
constexpr size_t kProcFileLimit = 64U << 20;

// Paths here are the host's own, not a data root's: symbolic links in them are meant.
std::string read_text(const std::string& path) {
  const Fd fd(patient::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  Result<std::string> text = fd ? read_all(fd.get(), kProcFileLimit, path) : sys_error("open", path);
  return text ? std::move(*text) : std::string();
}

std::vector<std::string> names_in(const std::string& path) {
  Fd fd(patient::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return {};
  }
  const Result<std::vector<DirEntry>> entries = Dir(std::move(fd), path).list();
  std::vector<std::string> names;
  if (entries) {
    for (const DirEntry& entry : *entries) {
      names.push_back(entry.name);
    }
  }
  return names;
}

std::string read_link_text(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t length = patient::readlink(path.c_str(), target.data(), target.size());
  return length > 0 ? std::string(target.data(), static_cast<size_t>(length)) : std::string();
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct ::stat raw {};
  if (patient::stat(path.c_str(), &raw) != 0) {
    return std::nullopt;
  }
  return FileIdentity{raw.st_dev, raw.st_ino};
}

// The value of --data-root and its older names, in every spelling that dockerd's parser accepts.
std::string data_root_argument(const std::vector<std::string_view>& arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    for (const std::string_view option : {"--data-root", "--graph", "-g"}) {
      const std::string_view argument = arguments[i];
      if (argument == option && i + 1 < arguments.size()) {
        return std::string(arguments[i + 1]);
      }
      if (argument.starts_with(option) && argument.substr(option.size()).starts_with('=')) {
        return std::string(argument.substr(option.size() + 1));
      }
    }
  }
  return "";
}

// Without the argument the data root stands in daemon.json, or is the default: such a daemon gives itself away by the
// databases that it has open.
std::optional<FileIdentity> data_root_of(const std::string& proc) {
  const std::string cmdline = read_text(proc + "/cmdline");
  const std::string path = data_root_argument(split(cmdline, '\0'));
  if (path.empty()) {
    return std::nullopt;
  }
  // The process may live in another mount namespace: its own view of the path counts.
  return identity_of(proc + (path.starts_with('/') ? "/root" : "/cwd/") + path);
}

// fdinfo gives the flags of open(2) in octal; the access mode is in their lowest two bits, and so in the last digit.
bool is_open_for_writing(const std::string& fdinfo) {
  constexpr std::string_view kFlags = "flags:\t";
  const size_t at = fdinfo.find(kFlags);
  if (at == std::string::npos) {
    return false;
  }
  const std::string_view octal = trimmed(std::string_view(fdinfo).substr(at + kFlags.size(), 16));
  const char last = octal.substr(0, octal.find('\n')).empty() ? '0' : octal.substr(0, octal.find('\n')).back();
  return ((last - '0') & O_ACCMODE) != O_RDONLY;
}

// Only descriptors with a database's name are looked at closer: asking about others could hang on a dead server.
std::vector<FileIdentity> open_databases_of(const std::string& proc) {
  std::vector<FileIdentity> open;
  for (const std::string& number : names_in(proc + "/fd")) {
    const std::string fd = proc + "/fd/" + number;
    if (!read_link_text(fd).ends_with(".db") || !is_open_for_writing(read_text(proc + "/fdinfo/" + number))) {
      continue;
    }
    if (const auto identity = identity_of(fd); identity) {
      open.push_back(*identity);
    }
  }
  std::sort(open.begin(), open.end());
  return open;
}

void read_processes(HostSnapshot& host) {
  // Containers that outlive their daemon (live-restore, or a daemon that was killed) hold no lock: what they keep in
  // use shows in mount tables, perhaps in that of their own namespace alone. One of each namespace is enough.
  std::set<std::string> namespaces{read_link_text("/proc/self/ns/mnt")};
  std::vector<int> pids;
  for (const std::string& name : names_in("/proc")) {
    if (const auto pid = parse_int64(name); pid && *pid > 0 && *pid != ::getpid()) {
      pids.push_back(static_cast<int>(*pid));
    }
  }
  std::sort(pids.begin(), pids.end());
  for (const int pid : pids) {
    const std::string proc = "/proc/" + std::to_string(pid);
    HostProcess process;
    process.pid = pid;
    // The name is a hint, which any process can give itself; what counts as evidence is the data root or an open
    // database.
    process.name = trimmed(read_text(proc + "/comm"));
    process.open_databases = open_databases_of(proc);
    if (process.name == "dockerd") {
      process.data_root = data_root_of(proc);
    }
    if (process.data_root || !process.open_databases.empty()) {
      host.processes.push_back(std::move(process));
    }
    const std::string mount_namespace = read_link_text(proc + "/ns/mnt");
    if (!mount_namespace.empty() && namespaces.insert(mount_namespace).second) {
      host.other_mountinfos.push_back(read_text(proc + "/mountinfo"));
    }
  }
}

// Units that some target pulls in. A unit file that nothing wants is not mounted at boot.
void read_mount_units(HostSnapshot& host) {
  const std::string base = "/etc/systemd/system/";
  std::set<std::string> seen;
  for (const std::string& directory : names_in(base)) {
    if (!directory.ends_with(".wants") && !directory.ends_with(".requires")) {
      continue;
    }
    for (const std::string& name : names_in(base + directory)) {
      if (name.ends_with(".mount") && seen.insert(name).second) {
        host.mount_units.push_back({name, read_text(base + directory + "/" + name)});
      }
    }
  }
}

}  // namespace

bool knows_all_ids() {
  const std::string map = read_text("/proc/self/uid_map");
  // A kernel without user namespaces has no such file, and one namespace with all ids.
  return map.empty() || map.ends_with(" 4294967295\n");
}

HostSnapshot read_host() {
  HostSnapshot host;
  host.mountinfo = read_text("/proc/self/mountinfo");
  host.fstab = read_text("/etc/fstab");
  read_mount_units(host);
  read_processes(host);
  host.is_root = ::geteuid() == 0;
  host.knows_all_ids = knows_all_ids();
  host.selinux_enabled = !read_text("/sys/fs/selinux/enforce").empty();
  return host;
}

Result<FilesystemFacts> filesystem_facts(const Dir& dir) {
  struct ::statfs raw {};
  struct ::statvfs flags {};
  if (::fstatfs(dir.fd(), &raw) != 0 || ::fstatvfs(dir.fd(), &flags) != 0) {
    return sys_error("statfs", dir.where());
  }
  FilesystemFacts facts;
  // f_type is a signed word of the machine's width; magic numbers have 32 bits.
  facts.magic = static_cast<uint64_t>(raw.f_type) & 0xffffffffU;
  facts.read_only = (flags.f_flag & ST_RDONLY) != 0;
  facts.total_bytes = flags.f_blocks * flags.f_frsize;
  // Daemons run as root, for whom the reserve is there as well: the figure that f_bavail gives would refuse work that
  // fits.
  facts.free_bytes = flags.f_bfree * flags.f_frsize;
  facts.total_inodes = flags.f_files;
  facts.free_inodes = flags.f_ffree;
  facts.block_bytes = flags.f_frsize;
  facts.no_devices = (flags.f_flag & ST_NODEV) != 0;
  facts.no_exec = (flags.f_flag & ST_NOEXEC) != 0;
  facts.no_setuid = (flags.f_flag & ST_NOSUID) != 0;
  return facts;
}

bool reports_entry_types(const Dir& dir) {
  const int own = patient::openat(dir.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = own >= 0 ? patient::fdopendir(own) : nullptr;
  // Not known is taken for the usual: the caller refuses a filesystem only when it has seen that types are missing.
  if (stream == nullptr) {
    Fd closer(own);
    return true;
  }
  bool any = false;
  bool typed = false;
  while (const dirent* entry = patient::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {  // xfs without ftype knows the type of these two all the same
      any = true;
      typed = typed || entry->d_type != DT_UNKNOWN;
    }
  }
  const bool complete = errno == 0;
  ::closedir(stream);
  return typed || !any || !complete;
}

// A shared lock on a descriptor opened for reading, given back at once: bbolt asks again every 50 ms where it waits, so
// a daemon that starts in this instant hardly notices.
bool is_locked_by_other(int fd) {
  if (::flock(fd, LOCK_SH | LOCK_NB) != 0) {
    const int code = errno;
    if (code != EWOULDBLOCK) {
      note_if_short(code, "lock", fd, "");
    }
    return code == EWOULDBLOCK;
  }
  ::flock(fd, LOCK_UN);
  return false;
}

}  // namespace dfsck

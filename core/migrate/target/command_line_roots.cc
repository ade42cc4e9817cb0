// Finds --data-root where systemd, or the scripts of older distributions, keep dockerd's command line.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/text.h"
#include "core/fs/root.h"
#include "core/migrate/target/switch_config.h"

namespace dfsck {
namespace {

constexpr size_t kLargestUnit = 1U << 20;
constexpr size_t kMostDropIns = 1000;
constexpr std::array<const char*, 4> kUnitDirectories{"etc/systemd/system", "run/systemd/system",
                                                      "usr/lib/systemd/system", "lib/systemd/system"};
constexpr std::array<const char*, 2> kOptionFiles{"etc/default/docker", "etc/sysconfig/docker"};
// Since 17.05 --data-root; before, and hidden until 23.0, the other two (moby cmd/dockerd/config_unix.go).
constexpr std::array<std::string_view, 3> kOptions{"--data-root", "--graph", "-g"};

// Quotes count as blanks: it is the option that matters, not how systemd or a shell would take the line apart.
bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '\''; }

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (size_t at = 0; at < line.size();) {
    while (at < line.size() && is_blank(line[at])) {
      ++at;
    }
    const size_t begin = at;
    while (at < line.size() && !is_blank(line[at])) {
      ++at;
    }
    if (at > begin) {
      words.emplace_back(line.substr(begin, at - begin));
    }
  }
  return words;
}

// "--data-root=/data" or "--data-root /data"; empty if the line has no such option. Comments are skipped.
std::string option_in(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#' || line.front() == ';') {
    return "";
  }
  const std::vector<std::string> words = words_of(line);
  for (size_t i = 0; i < words.size(); ++i) {
    for (const std::string_view option : kOptions) {
      // A variable may hold nothing but the option: OPTIONS=--data-root=/data.
      const size_t at = option.size() > 2 ? words[i].find(option) : (words[i] == option ? 0 : std::string::npos);
      if (at == std::string::npos) {
        continue;
      }
      const std::string_view rest = std::string_view(words[i]).substr(at + option.size());
      if (rest.starts_with('=')) {
        return words[i].substr(at);
      }
      if (rest.empty() && i + 1 < words.size()) {
        return words[i].substr(at) + " " + words[i + 1];
      }
    }
  }
  return "";
}

// As systemd joins lines that end with a backslash.
std::string joined_lines(std::string text) {
  for (size_t at = text.find("\\\n"); at != std::string::npos; at = text.find("\\\n", at)) {
    text[at] = text[at + 1] = ' ';
  }
  return text;
}

void look_into(const Root& root, const std::string& shown, const RelPath& path, std::vector<CommandLineRoot>& found) {
  const Result<std::string> text = root.read_small(path, kLargestUnit);
  if (!text) {
    return;
  }
  const std::string joined = joined_lines(*text);
  for (const std::string_view line : split(joined, '\n')) {
    if (const std::string option = option_in(line); !option.empty()) {
      found.push_back({shown, escaped(option)});
    }
  }
}

}  // namespace

// In all places where such units lie, whether or not one hides another: a person is told of each, because the daemon
// refuses to start where daemon.json and its command line both name a root.
std::vector<CommandLineRoot> command_line_roots(const std::string& top) {
  std::vector<CommandLineRoot> found;
  std::vector<std::string> seen;  // /lib may be a link to /usr/lib
  const auto look_at = [&](const std::string& directory, const std::string& name) {
    const Result<Root> root = Root::open(directory);
    if (root && std::find(seen.begin(), seen.end(), root->path() + "/" + name) == seen.end()) {
      seen.push_back(root->path() + "/" + name);
      look_into(*root, directory + "/" + name, RelPath() / name, found);
    }
  };
  for (const char* place : kUnitDirectories) {
    const std::string directory = top + "/" + place;
    look_at(directory, "docker.service");
    const Result<Root> drop_ins = Root::open(directory + "/docker.service.d");
    const Result<Dir> dir = drop_ins ? drop_ins->open_dir(RelPath()) : drop_ins.error();
    const Result<std::vector<DirEntry>> entries = dir ? dir->list(kMostDropIns) : dir.error();
    for (const DirEntry& entry : entries ? *entries : std::vector<DirEntry>()) {
      if (entry.name.ends_with(".conf")) {
        look_at(directory + "/docker.service.d", entry.name);
      }
    }
  }
  for (const char* file : kOptionFiles) {
    const std::string path = top + "/" + file;
    look_at(std::string(parent_path(path)), std::string(last_name(path)));
  }
  return found;
}

}  // namespace dfsck

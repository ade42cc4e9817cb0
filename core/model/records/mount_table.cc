// mountinfo, fstab and mount units are line-based texts of blank-separated fields; see proc(5), fstab(5),
// systemd.mount(5).
#include "core/model/records/mount_table.h"

#include <algorithm>

#include "core/base/path_text.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// Blanks and backslashes in fields are written as \040 and so on.
std::string unescaped(std::string_view field) {
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && is_octal(field[i + 1]) && is_octal(field[i + 2]) &&
        is_octal(field[i + 3])) {
      out += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
      i += 3;
    } else {
      out += field[i];
    }
  }
  return out;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!(line = trimmed(line)).empty()) {
    const size_t end = line.find_first_of(" \t");
    fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(line.size(), end));
  }
  return fields;
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

}  // namespace

// Optional fields of any number stand before a lone "-"; what comes behind it has a fixed place (proc(5)).
std::vector<MountEntry> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = fields_of(line);
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 6 || fields.end() - dash < 4) {
      continue;
    }
    entries.push_back({unescaped(fields[4]), unescaped(dash[1]), unescaped(dash[3]), unescaped(fields[3]),
                       unescaped(dash[2]), std::string(fields[2])});
  }
  return entries;
}

const MountEntry* mount_holding(const std::vector<MountEntry>& mounts, std::string_view path) {
  const MountEntry* holding = nullptr;
  for (const MountEntry& mount : mounts) {
    if (is_at_or_below(path, mount.point) && (holding == nullptr || mount.point.size() >= holding->point.size())) {
      holding = &mount;
    }
  }
  return holding;
}

std::vector<std::string> parse_fstab(std::string_view text) {
  std::vector<std::string> points;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.size() < 3 || fields[0].starts_with('#') || !fields[1].starts_with('/') || fields[2] == "swap") {
      continue;
    }
    // What is not mounted by itself at boot is not missed.
    const auto options = split(fields.size() > 3 ? fields[3] : "defaults", ',');
    if (std::find(options.begin(), options.end(), "noauto") == options.end()) {
      points.push_back(without_trailing_slash(unescaped(fields[1])));
    }
  }
  return points;
}

std::string unit_mount_point(std::string_view text) {
  constexpr std::string_view kWhere = "Where=";
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(kWhere)) {
      return without_trailing_slash(std::string(trimmed(line.substr(kWhere.size()))));
    }
  }
  return "";
}

// All kinds of directories of the mount, since any one of them proves whose mount it is; lowerdir+ names a single
// one.
std::vector<std::string> overlay_directories(std::string_view options) {
  std::vector<std::string> directories;
  for (const std::string_view option : split(options, ',')) {
    const size_t equals = option.find('=');
    const std::string_view key = option.substr(0, equals);
    if (equals == std::string_view::npos ||
        (key != "lowerdir" && key != "lowerdir+" && key != "upperdir" && key != "workdir")) {
      continue;
    }
    for (const std::string_view piece : split(option.substr(equals + 1), ':')) {
      if (!piece.empty()) {
        directories.emplace_back(piece);
      }
    }
  }
  return directories;
}

}  // namespace dfsck

// daemon.json: changing one member in its text, and putting the new text in place of the old one.
#include "core/migrate/target/switch_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/json/text.h"
#include "core/fs/root.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

constexpr size_t kLargestDaemonConfig = 1U << 20;
constexpr std::string_view kKey = "data-root";
constexpr std::string_view kOldKey = "graph";
constexpr uint32_t kNewMode = 0644;

std::string new_config(std::string_view value) {
  return "{\n  \"" + std::string(kKey) + "\": " + std::string(value) + "\n}\n";
}

// Where the members of that name stand at the top of the document.
struct TopMembers {
  std::vector<JsonPlace> named, old_named;
  JsonPlace top;
  bool is_empty = true;
};

// Only at the top: a member of the same name deeper inside means something else. All of them, because a document may
// name one twice and Go takes the last.
void note_member(const std::vector<JsonStep>& path, const JsonPlace& place, TopMembers& found) {
  if (path.empty()) {
    found.top = place;
  } else if (path.size() == 1) {
    found.is_empty = false;
    if (path.front().key == kKey) {
      found.named.push_back(place);
    } else if (path.front().key == kOldKey) {
      found.old_named.push_back(place);
    }
  }
}

// daemon.json is an administrator's file: its order, its blanks and what this program does not know stay as they are.
std::string replaced(std::string_view text, const std::vector<JsonPlace>& places, std::string_view value) {
  std::string changed;
  size_t copied = 0;
  for (const JsonPlace& place : places) {
    changed.append(text.substr(copied, place.begin - copied));
    changed.append(value);
    copied = place.end;
  }
  changed.append(text.substr(copied));
  return changed;
}

// As the first member, with the white space that the first one has now.
std::string with_first_member(std::string_view text, const TopMembers& members, std::string_view value) {
  const size_t inside = members.top.begin + 1;
  const std::string member = "\"" + std::string(kKey) + "\": " + std::string(value);
  if (members.is_empty) {
    return std::string(text.substr(0, inside)) + "\n  " + member + "\n" + std::string(text.substr(members.top.end - 1));
  }
  const std::string_view blanks = text.substr(inside, text.find('"', inside) - inside);
  const std::string separator = blanks.empty() ? " " : std::string(blanks);
  return std::string(text.substr(0, inside)) + std::string(blanks) + member + "," + separator +
         std::string(text.substr(inside + blanks.size()));
}

// "2026-11-23T195707Z": sorts by time, and needs no quoting.
std::string utc_stamp() {
  const time_t now = ::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H%M%SZ", &parts);
  return text.data();
}

struct PlaceOfConfig {
  std::string directory, name;
  bool exists = false;
};

// Behind all links. A link that leads nowhere is an error: what somebody meant by it is not ours to make.
Result<PlaceOfConfig> locate(const std::string& path) {
  Result<std::string> real = resolved_path(path);
  const bool exists = static_cast<bool>(real);
  struct ::stat info {};
  if (!exists && (!real.error().is_io(ENOENT) || patient::lstat(path.c_str(), &info) == 0)) {
    return real.error();
  }
  const std::string at = exists ? *real : path;
  const size_t slash = at.rfind('/');
  if (slash == std::string::npos || slash + 1 == at.size()) {
    return format_error("switch", escaped(path), "not an absolute path of a file");
  }
  return PlaceOfConfig{slash == 0 ? "/" : at.substr(0, slash), at.substr(slash + 1), exists};
}

// The directory of a file that does not exist yet, made if its own parent is there.
Result<Root> directory_of_new(const PlaceOfConfig& place) {
  Result<Root> there = Root::open(place.directory);
  const size_t slash = place.directory.rfind('/');
  if (there || !there.error().is_io(ENOENT) || slash == std::string::npos) {
    return there;
  }
  ASSIGN_OR_RETURN(const Root above, Root::open(slash == 0 ? "/" : place.directory.substr(0, slash)));
  ASSIGN_OR_RETURN(const Dir parent, above.open_dir(RelPath()));
  TRY(make_directory(parent, place.directory.substr(slash + 1), 0755));
  TRY(sync_directory(parent));
  return Root::open(place.directory);
}

// Gives the new file everything else that the old one has.
// Before it has its name, so that no reader meets it with other rights; its label is among the attributes.
Result<void> dress(const Dir& dir, const std::string& name, const std::string& old_name, bool has_old) {
  OwnerMode attributes{::geteuid(), ::getegid(), kNewMode};
  std::map<std::string, std::string> xattrs;
  if (has_old) {
    ASSIGN_OR_RETURN(const FileStat stat, dir.stat(old_name));
    ASSIGN_OR_RETURN(auto old, dir.xattrs(old_name));
    attributes = {stat.uid, stat.gid, stat.mode & 07777};
    xattrs = std::move(old);
  }
  TRY(set_owner_mode(dir, name, attributes));
  for (const auto& [key, value] : xattrs) {
    TRY(set_attribute(dir, name, key, value));
  }
  return {};
}

// The old file gets a second name and is then replaced by a rename: at every moment there is a daemon.json, the old
// or the new one. A file that appears meanwhile where there was none is not overwritten.
Result<void> put_in_place(const Dir& dir, const std::string& prepared, const std::string& name,
                          const std::optional<std::string>& backup) {
  if (backup) {
    TRY(make_hard_link(dir, name, dir, *backup));
  }
  TRY(backup ? move_over(dir, prepared, dir, name) : move(dir, prepared, dir, name));
  return sync_directory(dir);
}

}  // namespace

Result<std::string> with_data_root(std::string_view text, std::string_view data_root) {
  const std::string value = "\"" + encoded_json(data_root) + "\"";
  if (trimmed(text).empty()) {
    return new_config(value);
  }
  TopMembers members;
  const Result<void> visited = visit_json_text(
      text, {}, [&](const std::vector<JsonStep>& path, const JsonPlace& place) { note_member(path, place, members); });
  TRY(visited);
  if (members.top.kind != JsonPlace::Kind::Object) {
    return format_error("parse JSON", "", "not an object");
  }
  if (!members.named.empty()) {
    return replaced(text, members.named, value);
  }
  if (!members.old_named.empty()) {
    return replaced(text, members.old_named, value);
  }
  return with_first_member(text, members, value);
}

// Contents durable, then the name, then the directory: after a power cut a daemon finds the old text or the new one,
// never an empty file.
Result<SwitchedConfig> switch_data_root(const std::string& path, const std::string& data_root) {
  ASSIGN_OR_RETURN(const PlaceOfConfig place, locate(path));
  ASSIGN_OR_RETURN(const Root root, place.exists ? Root::open(place.directory) : directory_of_new(place));
  ASSIGN_OR_RETURN(const Dir dir, root.open_dir(RelPath()));
  SwitchedConfig switched;
  const std::string prefix = place.directory == "/" ? "/" : place.directory + "/";
  switched.path = prefix + place.name;
  std::string text;
  if (place.exists) {
    ASSIGN_OR_RETURN(text, root.read_small(RelPath() / place.name, kLargestDaemonConfig));
  }
  const Result<std::string> changed = with_data_root(text, data_root);
  if (!changed) {
    const Error& error = changed.error();
    return Error{error.kind, error.code, error.op, escaped(switched.path), error.detail};
  }
  switched.changed = !place.exists || *changed != text;
  if (!switched.changed) {
    return switched;
  }
  // With a dot in front and a name of its own, so that nothing reads it as a configuration.
  const std::string prepared = "." + place.name + ".docker-fsck-" + std::to_string(::getpid());
  std::optional<std::string> backup;
  if (place.exists) {
    backup = place.name + ".docker-fsck-" + utc_stamp();
    switched.backup = prefix + *backup;
  }
  ASSIGN_OR_RETURN(const Fd file, make_file(dir, prepared, *changed));
  Result<void> done = dress(dir, prepared, place.name, place.exists);
  done = done ? sync_data(file.get(), escaped(prepared)) : done;
  done = done ? put_in_place(dir, prepared, place.name, backup) : done;
  if (!done) {
    // The old file is where it was; this is only the new text, if it is still under this name.
    static_cast<void>(remove_object(dir, prepared));
    return done.error();
  }
  return switched;
}

}  // namespace dfsck

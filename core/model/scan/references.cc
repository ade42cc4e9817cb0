// Reads repositories.json as moby reference/store.go:reload does: one JSON value, what follows it is ignored.
#include "core/model/scan/references.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "core/model/records/json_file.h"
#include "core/model/reference_name.h"

namespace dfsck {
namespace {

constexpr size_t kReferencesLimit = 16 * 1024 * 1024;
constexpr std::string_view kFileName = "repositories.json";
constexpr std::string_view kReferencesTemporary = ".tmp-repositories.json";

// A name that the daemon cannot parse is kept in its memory and written back, but is in no list; so it is kept here
// too, and marked.
Reference make_reference(std::string repository, std::string name, std::string target) {
  Reference reference;
  reference.image = ImageId::parse(target);
  reference.well_formed = is_reference_key(repository, name);
  reference.repository = std::move(repository);
  reference.name = std::move(name);
  reference.target = std::move(target);
  return reference;
}

void sort_by_name(std::vector<Reference>& references) {
  std::sort(references.begin(), references.end(), [](const Reference& a, const Reference& b) {
    return std::tie(a.name, a.repository) < std::tie(b.name, b.repository);
  });
}

// The decoder takes null for any value; other types than the wanted one end the daemon's start.
bool read_repository(const JsonMember& repository, std::vector<Reference>& references) {
  if (repository.value.is_null()) {
    return true;
  }
  const JsonValue::Object* entries = repository.value.as_object();
  if (entries == nullptr) {
    return false;
  }
  for (const JsonMember& entry : *entries) {
    const std::string* target = entry.value.as_string();
    if (target == nullptr && !entry.value.is_null()) {
      return false;
    }
    references.push_back(make_reference(repository.key, entry.key, target != nullptr ? *target : ""));
  }
  return true;
}

// A complete JSON string of plain characters that starts with a quote at `at`; names and ids have no escapes.
// What is cut off in the middle of a name or an id is not completed: half a name may be another image's.
std::optional<std::string_view> plain_string(std::string_view bytes, size_t at) {
  const size_t end =
      at < bytes.size() && bytes[at] == '"' ? bytes.find_first_of("\"\\", at + 1) : std::string_view::npos;
  if (end == std::string_view::npos || bytes[end] != '"') {
    return std::nullopt;
  }
  return bytes.substr(at + 1, end - at - 1);
}

// What cut-off writes left beside the file, newest first.
// The root knows tags elsewhere only in part, so what is left of a write of the whole file is the best source there
// is.
std::vector<FileState> unfinished_files(StateReader& reader, const RelPath& dir) {
  std::vector<std::pair<FileState, std::string>> found;
  for (const DirEntry& entry : reader.list(dir).entries) {
    if (entry.name.starts_with(kReferencesTemporary)) {
      found.emplace_back(reader.read(dir / entry.name, kReferencesLimit), entry.name);
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(b.first.mtime, b.second) < std::tie(a.first.mtime, a.second);
  });
  std::vector<FileState> files;
  for (auto& [file, name] : found) {
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

std::vector<Reference> parse_references(const FileState& file, std::string& problem) {
  std::vector<Reference> references;
  const std::optional<JsonValue> document = json_in(file, JsonTrailing::Ignore, problem);
  if (!document) {
    return references;
  }
  if (document->as_object() == nullptr) {
    problem = document->is_null() ? "null" : "no JSON object";
    return references;
  }
  const JsonValue* repositories = document->find("Repositories");
  if (repositories == nullptr) {
    return references;  // {} is what the daemon takes for a store without tags
  }
  if (repositories->as_object() == nullptr) {
    problem = repositories->is_null() ? "without repositories (null)" : "malformed (\"Repositories\" is no object)";
    return references;
  }
  for (const JsonMember& repository : *repositories->as_object()) {
    if (!read_repository(repository, references)) {
      problem = "malformed (an entry is no text)";
    }
  }
  sort_by_name(references);
  return references;
}

// Any pair of a well-formed name and an image id, wherever it stands: after the file was torn its nesting tells
// nothing. The last of equal names wins, as in a JSON object.
std::vector<Reference> salvage_references(std::string_view bytes) {
  std::map<std::string, Reference> found;
  for (size_t at = bytes.find('"'); at != std::string_view::npos; at = bytes.find('"', at + 1)) {
    const std::optional<std::string_view> key = plain_string(bytes, at);
    const size_t colon = key ? at + key->size() + 2 : bytes.size();
    if (colon >= bytes.size() || bytes[colon] != ':') {
      continue;
    }
    const std::optional<std::string_view> value = plain_string(bytes, colon + 1);
    const std::optional<ReferenceName> name = value ? parse_reference_name(*key) : std::nullopt;
    if (name && name->key() == *key && ImageId::parse(*value)) {
      found.insert_or_assign(name->key(), make_reference(name->name, name->key(), std::string(*value)));
    }
  }
  std::vector<Reference> references;
  for (auto& [name, reference] : found) {
    references.push_back(std::move(reference));
  }
  return references;
}

void scan_references(const Root& root, Model& model) {
  ReferenceStore& store = model.images.references;
  StateReader reader(root);
  store.file = reader.read(model.image_path / kFileName, kReferencesLimit);
  if (!store.file.absent()) {
    store.references = parse_references(store.file, store.problem);
    if (!store.problem.empty()) {
      store.references = salvage_references(store.file.bytes);
    }
  }
  // Where the file is good, leftovers are older than it or were never committed: no tag is taken from them.
  if (store.file.absent() || !store.problem.empty()) {
    for (const FileState& file : unfinished_files(reader, model.image_path)) {
      std::vector<Reference> more = salvage_references(file.bytes);
      store.unfinished.insert(store.unfinished.end(), std::make_move_iterator(more.begin()),
                              std::make_move_iterator(more.end()));
    }
  }
  for (ScanFailure& failure : reader.take_failures()) {
    model.failures.push_back(std::move(failure));
  }
}

}  // namespace dfsck

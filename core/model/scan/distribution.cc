// Reads the cache files as moby distribution/metadata/v2_metadata_service.go does. Only sha256 is looked at; other
// algorithms and what older daemons kept here (v1id) have no readers any more.
#include "core/model/scan/distribution.h"

#include "core/model/records/json_file.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

constexpr size_t kDiffIdLimit = 4096;
constexpr size_t kSourcesLimit = 1024 * 1024;

// Not trimmed, as the daemon does not: 71 bytes and no more.
void parse_diff_id(const FileState& file, DistributionEntry& entry) {
  entry.diff = DiffId::parse(file.bytes);
  if (!entry.diff) {
    entry.problem = file.problem();
  }
}

void parse_sources(const FileState& file, DistributionEntry& entry) {
  // json.Unmarshal: bytes behind the array make all of it count as missing. That costs a pull or a push some time,
  // and nothing else, so all damage here is harmless.
  const std::optional<JsonValue> value = json_in(file, JsonTrailing::Reject, entry.problem);
  if (!value || value->is_null()) {
    return;
  }
  const JsonValue::Array* items = value->as_array();
  if (items == nullptr) {
    entry.problem = "no JSON array";
    return;
  }
  for (const JsonValue& item : *items) {
    const std::string* digest = item.get("Digest").as_string();
    const std::string* repository = item.get("SourceRepository").as_string();
    if (digest == nullptr || repository == nullptr) {
      entry.problem = "malformed (an entry lacks its digest or repository)";
      return;
    }
    if (const std::optional<BlobDigest> blob = BlobDigest::parse(*digest); blob) {
      entry.sources.push_back({*blob, *repository});
    }
  }
}

using Parse = void (*)(const FileState&, DistributionEntry&);

std::vector<DistributionEntry> scan_entries(const Root& root, unsigned jobs, const Cancel& cancel, const RelPath& dir,
                                            size_t limit, Parse parse, std::vector<ScanFailure>& failures) {
  StateReader lists(root);
  std::vector<DistributionEntry> entries;
  for (const DirEntry& found : lists.list(dir).entries) {
    if (is_hex64(found.name)) {
      DistributionEntry& entry = entries.emplace_back();
      entry.key = found.name;
      entry.path = dir / found.name;
    }
  }
  std::vector<std::vector<ScanFailure>> failed(entries.size());
  for_each_index(entries.size(), jobs, cancel, [&](size_t i) {
    StateReader reader(root);
    const FileState file = reader.read(entries[i].path, limit);
    // Vanished since it was listed, or reported as a failed read: in both cases not ours to judge.
    if (!file.absent() && file.kind != FileState::Kind::Unreadable) {
      parse(file, entries[i]);
    }
    failed[i] = reader.take_failures();
  });
  failed.push_back(lists.take_failures());
  for (const std::vector<ScanFailure>& some : failed) {
    failures.insert(failures.end(), some.begin(), some.end());
  }
  return entries;
}

}  // namespace

void scan_distribution(const Root& root, unsigned jobs, const Cancel& cancel, Model& model) {
  const RelPath base = model.image_path / "distribution";
  model.images.diffid_by_digest =
      scan_entries(root, jobs, cancel, base / "diffid-by-digest/sha256", kDiffIdLimit, parse_diff_id, model.failures);
  model.images.v2metadata_by_diffid = scan_entries(root, jobs, cancel, base / "v2metadata-by-diffid/sha256",
                                                   kSourcesLimit, parse_sources, model.failures);
}

}  // namespace dfsck

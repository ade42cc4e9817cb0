// Collecting what is sought, and keeping the first few answers.
#include "core/heal/lost_files.h"

#include <algorithm>

#include "core/content/layers/verify_layers.h"

namespace dfsck {
namespace {

constexpr size_t kMaxOrigins = 4;  // of one file: should one have changed meanwhile, the next is tried

}  // namespace

LostFiles::LostFiles(const Model& model, const Derived& derived, const ContentResults& content) {
  for (size_t layer = 0; layer < content.layers.size(); ++layer) {
    const LayerVerdict& verdict = content.layers[layer];
    const std::optional<LayerInput> input = layer_input(model, derived, layer);
    // Layers without a reference have no checksums to look for; those with a wrong digest and no damaged file lack a
    // tar-split and not bytes.
    if (!input || verdict.state != LayerVerdict::State::Damaged) {
      continue;
    }
    for (size_t i = 0; i < verdict.issues.size(); ++i) {
      const Issue& issue = verdict.issues[i];
      const std::optional<RelPath> inside = RelPath::parse(issue.path);
      if (!lacks_bytes(issue) || !inside) {
        continue;
      }
      LostFile file{
          layer, i, issue.path, issue.expected->size, issue.expected->crc64, {}, issue.found_crc64.has_value()};
      const RelPath path = input->diff_dir.joined(*inside);
      // The damaged file itself with one byte changed comes before all others: it costs nothing to read and needs no
      // donor.
      for (const ByteFix& fix : issue.fixes) {
        file.origins.push_back({"", std::nullopt, path, {fix}});
      }
      damaged_.insert(path.bytes());
      by_crc_.emplace(file.crc64, files_.size());
      files_.push_back(std::move(file));
    }
  }
  forget_found();
}

// By the CRC first, which hardly two files share; sizes are shared by many.
bool LostFiles::seeks(uint64_t size, uint64_t crc64) const {
  const auto [begin, end] = by_crc_.equal_range(crc64);
  return std::any_of(begin, end, [&](const auto& entry) {
    const LostFile& file = files_[entry.second];
    return file.size == size && file.origins.empty();
  });
}

void LostFiles::take(const std::vector<std::vector<FoundOrigin>>& found) {
  for (const std::vector<FoundOrigin>& some : found) {
    for (const FoundOrigin& one : some) {
      const auto [begin, end] = by_crc_.equal_range(one.crc64);
      for (auto entry = begin; entry != end; ++entry) {
        LostFile& file = files_[entry->second];
        if (file.size == one.size && file.origins.size() < kMaxOrigins) {
          file.origins.push_back(one.origin);
        }
      }
    }
  }
  forget_found();
}

// Only between searches, never while threads ask: what is sought is constant during one.
void LostFiles::forget_found() {
  open_sizes_.clear();
  for (const LostFile& file : files_) {
    if (file.origins.empty()) {
      open_sizes_.insert(file.size);
    }
  }
}

}  // namespace dfsck

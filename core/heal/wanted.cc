// Collecting what is sought, and keeping the first few answers.
#include "core/heal/wanted.h"

#include <algorithm>

#include "core/content/layers/verify_layers.h"

namespace dfsck {
namespace {

constexpr size_t kMaxOrigins = 4;  // of one file: should one have changed meanwhile, the next is tried

}  // namespace

Wanted::Wanted(const Model& model, const Derived& derived, const ContentResults& content) {
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
      Want want{layer, i, issue.path, issue.expected->size, issue.expected->crc64, {}, issue.found_crc64.has_value()};
      const RelPath path = input->diff_dir.joined(*inside);
      // The damaged file itself with one byte changed comes before all others: it costs nothing to read and needs no
      // donor.
      for (const ByteFix& fix : issue.fixes) {
        want.origins.push_back({"", std::nullopt, path, {fix}});
      }
      damaged_.insert(path.bytes());
      by_crc_.emplace(want.crc64, wants_.size());
      wants_.push_back(std::move(want));
    }
  }
  forget_found();
}

// By the CRC first, which hardly two files share; sizes are shared by many.
bool Wanted::seeks(uint64_t size, uint64_t crc64) const {
  const auto [begin, end] = by_crc_.equal_range(crc64);
  return std::any_of(begin, end, [&](const auto& entry) {
    const Want& want = wants_[entry.second];
    return want.size == size && want.origins.empty();
  });
}

void Wanted::take(const std::vector<std::vector<Offer>>& offers) {
  for (const std::vector<Offer>& some : offers) {
    for (const Offer& offer : some) {
      const auto [begin, end] = by_crc_.equal_range(offer.crc64);
      for (auto entry = begin; entry != end; ++entry) {
        Want& want = wants_[entry->second];
        if (want.size == offer.size && want.origins.size() < kMaxOrigins) {
          want.origins.push_back(offer.origin);
        }
      }
    }
  }
  forget_found();
}

// Only between searches, never while threads ask: what is sought is constant during one.
void Wanted::forget_found() {
  open_sizes_.clear();
  for (const Want& want : wants_) {
    if (want.origins.empty()) {
      open_sizes_.insert(want.size);
    }
  }
}

}  // namespace dfsck

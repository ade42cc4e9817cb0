// Most entries are no whiteouts: they are rendered once for all variants that differ in whiteouts only, so that many of
// those cost little.
#include "core/content/pack/race.h"

#include <algorithm>

#include "core/codec/tar/header.h"

namespace dfsck {
namespace {

const std::string& two_blocks() {
  static const std::string kZeros(2 * kTarBlock, '\0');
  return kZeros;
}

}  // namespace

bool PackRace::Rendering::is_same(const Rendering& other) const {
  return this == &other ||
         (has_payload == other.has_payload &&
          std::equal(entries.begin(), entries.end(), other.entries.begin(), other.entries.end(),
                     [](const PackedEntry& a, const PackedEntry& b) { return a.header == b.header; }));
}

PackRace::PackRace(const std::vector<PackVariant>& variants, const LayerInput& input, const OwnerNames& names)
    : renderings_(variants.size()), current_(variants.size()) {
  Lane& all = lanes_.emplace_back();
  for (size_t i = 0; i < variants.size(); ++i) {
    const PackWriter& writer = writers_.emplace_back(variants[i], input, names);
    const auto first =
        std::find_if(writers_.begin(), writers_.end(), [&](const PackWriter& other) { return other.is_alike(writer); });
    alike_.push_back(static_cast<size_t>(first - writers_.begin()));
    all.variants.push_back(i);
  }
}

// A whiteout is rendered for each variant, because that is where they differ; so is its effect on later ones (which was
// the first). Other entries are rendered once for all that are alike.
void PackRace::render(const PackEntry& entry) {
  for (size_t i = 0; i < writers_.size(); ++i) {
    const size_t source = entry.stat.is_whiteout() ? i : alike_[i];
    if (source == i) {
      renderings_[i].has_payload = writers_[i].write(entry, renderings_[i].entries);
    }
    current_[i] = &renderings_[source];
  }
}

// A lane is a set of variants whose tars are equal up to here, with one hash for all. Where the next entry tells them
// apart, the lane's hash so far is copied for each new group: work grows with the number of different tars and not of
// variants.
void PackRace::part_ways() {
  const size_t before = lanes_.size();
  for (size_t i = 0; i < before; ++i) {
    const Rendering& leader = *current_[lanes_[i].variants.front()];
    std::vector<size_t> others;
    std::erase_if(lanes_[i].variants, [&](size_t variant) {
      const bool parts = !current_[variant]->is_same(leader);
      if (parts) {
        others.push_back(variant);
      }
      return parts;
    });
    const size_t first_new = lanes_.size();
    for (const size_t variant : others) {
      const auto same =
          std::find_if(lanes_.begin() + static_cast<std::ptrdiff_t>(first_new), lanes_.end(),
                       [&](const Lane& lane) { return current_[lane.variants.front()]->is_same(*current_[variant]); });
      if (same != lanes_.end()) {
        same->variants.push_back(variant);
      } else {
        lanes_.push_back({{variant}, lanes_[i].tar.copy(), lanes_[i].headers.copy()});
      }
    }
  }
}

bool PackRace::add_entry(const PackEntry& entry) {
  render(entry);
  part_ways();
  bool takes_bytes = false;
  for (Lane& lane : lanes_) {
    const Rendering& rendering = *current_[lane.variants.front()];
    for (const PackedEntry& packed : rendering.entries) {
      lane.tar.update(packed.header);
      lane.headers.update(packed.header);
    }
    lane.takes_bytes = rendering.has_payload;
    takes_bytes = takes_bytes || rendering.has_payload;
  }
  return takes_bytes;
}

void PackRace::add_bytes(std::string_view piece) {
  for (Lane& lane : lanes_) {
    if (lane.takes_bytes) {
      lane.tar.update(piece);
    }
  }
}

void PackRace::end_bytes(uint64_t size) {
  const std::string_view padding = std::string_view(two_blocks()).substr(0, tar_padding(size));
  for (Lane& lane : lanes_) {
    if (lane.takes_bytes) {
      lane.tar.update(padding);
      lane.headers.update(padding);
    }
  }
}

std::optional<PackRace::Win> PackRace::finish(const DiffId& wanted) {
  for (Lane& lane : lanes_) {
    lane.tar.update(two_blocks());
    if (lane.tar.finish_hex() == wanted.hex()) {
      lane.headers.update(two_blocks());
      return Win{lane.variants.front(), lane.headers.finish_hex()};
    }
  }
  return std::nullopt;
}

}  // namespace dfsck

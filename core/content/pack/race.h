// The tars that many variants make of one tree, hashed side by side in one pass over the files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/digest.h"
#include "core/content/pack/variant.h"

namespace dfsck {

// Variants whose tars are the same so far share a hash; where they part, the hash is copied. Not thread-safe.
class PackRace {
 public:
  PackRace(const std::vector<PackVariant>& variants, const LayerInput& input, const OwnerNames& names);

  // Adds the headers of an entry. Whether any variant wants the file's bytes behind them: then they must follow.
  bool add_entry(const PackEntry& entry);
  void add_bytes(std::string_view piece);
  void end_bytes(uint64_t size);

  struct Win {
    size_t variant = 0;
    std::string
        headers;  // SHA-256 of all that is not the files' bytes, by which another walk proves to have seen the same
  };
  // Ends the tars. The first variant whose tar has this digest, if one has.
  std::optional<Win> finish(const DiffId& wanted);

 private:
  struct Rendering {
    std::vector<PackedEntry> entries;
    bool has_payload = false;
    bool is_same(const Rendering& other) const;
  };
  struct Lane {
    std::vector<size_t> variants;
    Sha256 tar;
    Sha256 headers;
    bool takes_bytes = false;
  };

  void render(const PackEntry& entry);
  void part_ways();

  std::vector<PackWriter> writers_;
  std::vector<size_t> alike_;  // by variant: the first variant that differs from it in whiteouts only
  std::vector<Rendering> renderings_;
  std::vector<const Rendering*> current_;  // by variant
  std::vector<Lane> lanes_;
};

}  // namespace dfsck

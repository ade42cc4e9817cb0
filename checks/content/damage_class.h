// What kind of accident the damage of one file looks like.
#pragma once

#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/content/layers/results.h"

namespace dfsck {

enum class DamageClass {
  Empty,
  Short,
  Long,
  Zeros,        // runs of zeros, to a block's border or the end
  WrongBit,     // one bit of one byte
  WrongByte,    // one byte, in more than one bit
  WrongSector,  // all wrong bytes lie in one aligned block of 512 bytes
  WrongBlock,   // in one of 4096 bytes
  Swapped,      // the bytes of another damaged file
  OtherBytes,   // wrong in more than one place, or it is not known where
  Gone,
  OtherType,
  MetadataOnly,  // owner, mode, attributes, link targets, whiteouts and opaque marks
};

// Size and CRC-64 of what damaged files should hold: a file that holds just that has another's bytes.
using DamagedContents = std::set<std::pair<uint64_t, uint64_t>>;
void add_damaged_contents(const LayerVerdict& verdict, DamagedContents& contents);

// Nothing for what is no damage to a file: times, additional entries, what cannot be read. `remedy` may be null; with
// one more can be told.
std::optional<DamageClass> damage_class(const Issue& issue, const Remedy* remedy, const DamagedContents& damaged);

// "one wrong bit".
std::string_view damage_class_text(DamageClass damage);

}  // namespace dfsck

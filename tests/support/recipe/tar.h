// The tar of a layer, and the tar-split that dockerd writes while it extracts it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/recipe/recipe.h"

namespace dfsck {

// What the tar says for one entry. `blocks` are its header blocks: PAX records where needed, then the ustar header.
struct TarMember {
  std::string name;
  std::string blocks;
  std::string payload;
};

std::vector<TarMember> tar_members(const RecipeTree& tree);

// The uncompressed layer, with its two closing zero blocks and `tail` more bytes of zeros.
std::string tar_bytes(const std::vector<TarMember>& members, size_t tail);

// The lines of tar-split, not yet compressed (vbatts/tar-split tar/asm/disassemble.go:NewInputTarStream). Daemons
// before Docker 25 close it with an empty segment.
enum class LastSegment { Empty, None };
std::string tar_split_lines(const std::vector<TarMember>& members, size_t tail, LastSegment last);

// CRC-64 as Go's crc64.MakeTable(crc64.ISO) has it.
uint64_t crc64_iso(std::string_view bytes);
std::string base64(std::string_view bytes);

// `tree` with every directory that it leaves out put before its first use, mode 0755, and with hard links that say the
// same of their inode as its first name.
RecipeTree completed(const RecipeTree& tree);

}  // namespace dfsck

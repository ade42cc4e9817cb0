// Where the right bytes of a damaged file are still to be had.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/relpath.h"

namespace dfsck {

// A change of one byte of a file.
struct ByteFix {
  uint64_t offset = 0;
  uint8_t value = 0;  // that it should have
  uint8_t found = 0;  // that it had
  friend bool operator==(const ByteFix&, const ByteFix&) = default;
};

struct Origin {
  std::string donor;            // absolute path of an archive, an OCI layout or another root; empty: this root
  std::optional<DiffId> layer;  // of an archive or layout: the layer whose tar holds the file
  RelPath path;                 // of the file: in the layer's tree, else below the root
  std::vector<ByteFix> fixes;   // bytes that are wrong there, ascending
  friend bool operator==(const Origin&, const Origin&) = default;
};

// For people: "overlay2/ab/diff/bin/sh", "/backup/app.tar (layer sha256:..., bin/sh)". Escaped.
std::string describe(const Origin& origin);
// "0x0f", as hex dumps show it.
std::string describe_byte(uint8_t value);

}  // namespace dfsck

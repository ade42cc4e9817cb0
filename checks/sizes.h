// How much space directories take that nobody owns, for findings that propose to move them away.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/text.h"
#include "core/model/derive/derive.h"
#include "core/run/cancel.h"

namespace dfsck {

struct DirSizes {
  std::map<CacheId, uint64_t> bytes;  // of the directory's diff/

  std::string text(const CacheId& id) const {
    const auto found = bytes.find(id);
    return found != bytes.end() ? human_bytes(found->second) : "size not measured";
  }
};

// Measures every directory that is not reached from an owner, with up to `jobs` threads.
DirSizes measure_unowned(const Root& root, const Model& model, const Derived& derived, unsigned jobs,
                         const Cancel& cancel);

}  // namespace dfsck

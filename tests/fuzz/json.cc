// Fuzzes the JSON reader: no input may crash it, and what it accepts must survive writing and reading again.
#include "core/codec/json/json.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  dfsck::JsonFault fault = dfsck::JsonFault::None;
  const dfsck::Result<dfsck::JsonValue> strict = dfsck::parse_json(bytes, {}, &fault);
  const dfsck::Result<dfsck::JsonValue> lenient = dfsck::parse_json(bytes, {.trailing = dfsck::JsonTrailing::Ignore});
  if (static_cast<bool>(strict) != (fault == dfsck::JsonFault::None) || (strict && !lenient)) {
    std::abort();
  }
  if (lenient) {
    const std::string written = dfsck::to_go_json(*lenient);
    const dfsck::Result<dfsck::JsonValue> again = dfsck::parse_json(written, {.max_bytes = written.size()});
    if (!again) {
      std::abort();
    }
    // The first writing replaces bytes that are not UTF-8, and may so make keys equal; from then on nothing changes.
    const std::string settled = dfsck::to_go_json(*again);
    const dfsck::Result<dfsck::JsonValue> same = dfsck::parse_json(settled, {.max_bytes = settled.size()});
    if (!same || *same != *again || dfsck::to_go_json(*same) != settled) {
      std::abort();
    }
  }
  const dfsck::Result<dfsck::JsonValue> quoted = dfsck::parse_json(dfsck::quoted_json(bytes));
  if (!quoted || quoted->as_string() == nullptr) {
    std::abort();
  }
  return 0;
}

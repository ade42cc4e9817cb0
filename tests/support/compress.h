// Compressed streams for tests.
#pragma once

#include <string>
#include <string_view>

#include "core/codec/compress/decompress.h"

namespace dfsck::test {

// `bytes` as one member, stream or frame; unchanged for Compression::None.
std::string compressed(std::string_view bytes, Compression compression);

}  // namespace dfsck::test

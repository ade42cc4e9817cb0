// Standard base64 with padding, as Go's encoding/json writes byte slices.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

// Replaces `bytes` by what `text` encodes. False where it is not padded base64 of the standard alphabet; `bytes` is
// then unspecified. Keeps the capacity of `bytes`: fast in a loop.
bool decode_base64(std::string_view text, std::string& bytes);

std::string encode_base64(std::string_view bytes);

}  // namespace dfsck

// Gzip as Go's compress/gzip frames it.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

// One member with Go's header (no name, no time, unknown system), closed by an empty stored block. Only runs of one
// byte are compressed, which is most of a tar-split.
std::string go_gzip(std::string_view bytes);

}  // namespace dfsck

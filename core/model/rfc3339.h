// Times as Go writes them into JSON and small files.
#pragma once

#include <string_view>

namespace dfsck {

// True if Go's time.Parse(time.RFC3339, text) takes it: "2026-11-23T19:57:07.085374397Z".
bool is_rfc3339(std::string_view text);

}  // namespace dfsck

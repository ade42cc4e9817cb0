// Times as Go writes them into JSON and small files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/fs/stat.h"

namespace dfsck {

// True if Go's time.Parse(time.RFC3339, text) takes it: "2026-11-23T19:57:07.085374397Z".
bool is_rfc3339(std::string_view text);

// The moment that such a text means; nothing if it is none.
std::optional<FileTime> rfc3339_time(std::string_view text);

// How Go writes the moment that it has read out of such a text (time.Time.MarshalJSON): no more digits than
// nanoseconds, no zeros at their end, "Z" where the offset is 0. Nothing if the text is none.
std::optional<std::string> as_go_writes_time(std::string_view text);

}  // namespace dfsck

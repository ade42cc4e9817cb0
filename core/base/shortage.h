// What this process ran short of. Memory, descriptors and threads belong to the process, not to a root, so this is kept
// for the process: whoever meets a shortage notes it, even where the rest of the code can do without what it asked for,
// and from then on nothing that was read may be judged. Loops end early, no finding is made, and the command ends with
// exit code 8 and the first shortage as its reason.
#pragma once

#include <atomic>
#include <optional>

#include "core/base/error.h"

namespace dfsck {

namespace shortage_detail {
inline std::atomic<bool> noted{false};
}

// Keeps the first. Thread-safe; needs no memory but for the words.
void note_shortage(const Error& error);

// The operator new of some thread, or a library's malloc, got nothing.
void note_out_of_memory();

inline bool is_short() { return shortage_detail::noted.load(std::memory_order_acquire); }

// The first one; nothing if there was none.
std::optional<Error> noted_shortage();

// For tests, which run many commands in one process.
void forget_shortage();

}  // namespace dfsck

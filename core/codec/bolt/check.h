// The page-level consistency check of a bbolt file, equal to `bbolt check`.
//
// Facts: bbolt tx_check.go. dockerd itself checks none of this; a damaged file shows as a Go panic, a SIGBUS or
// a hanging read at some later moment.
#pragma once

#include <vector>

#include "core/codec/bolt/bolt.h"

namespace dfsck {

// Everything that is wrong with the file, page by page; empty for a healthy one, which includes the empty file and
// one with a single invalid meta page. Tells what `bbolt check` tells, except: a page that cannot be read is
// reported once and not entered; leaks are told as runs of pages, and only if nothing else is wrong, because
// everything below an unreadable page looks leaked. Files whose freelist is not stored have no leaks and no
// freed pages by definition. At most BoltFile::kMaxProblems problems. Thread-safe.
std::vector<BoltProblem> check_bolt(const BoltFile& file);

// The same, for a caller who has loaded the tree already.
std::vector<BoltProblem> check_bolt(const BoltFile& file, const BoltTree& tree);

// Whether the daemon can live with it: true for leaks alone.
bool is_harmless(BoltProblem::Kind kind);

}  // namespace dfsck

// The mark that the last check leaves for `--if-unclean`: `.docker-fsck/stamp`.
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

struct Stamp {
  enum class Verdict { Clean, Damaged };  // Damaged: errors are left

  std::string boot_id;   // of the boot in which the check ran (/proc/sys/kernel/random/boot_id)
  std::string finished;  // "2026-01-01T00:00:00Z"
  Verdict verdict = Verdict::Damaged;
};

// Nothing where there is no stamp, or none that can be read as one: both mean that a check is due.
Result<std::optional<Stamp>> read_stamp(const Root& root);

// Replaces the stamp, durably, by one of now and of this boot. Busy as RootLock::take.
Result<void> write_stamp(const Root& root, Stamp::Verdict verdict);

// Empty where /proc does not tell.
std::string current_boot_id();

}  // namespace dfsck

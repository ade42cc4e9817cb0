// A migration in numbers, for its reports.
#pragma once

#include <string>
#include <vector>

#include "checks/migration/migration.h"

namespace dfsck {

struct MigrationSums {
  uint64_t units = 0;
  uint64_t units_done = 0;     // by earlier runs
  uint64_t units_changed = 0;  // copied again, because the source had changed
  uint64_t files = 0;
  uint64_t bytes = 0;            // written by this run
  uint64_t layers = 0;           // that were to be moved
  uint64_t layers_verified = 0;  // of these, proven by their digests; at the end only those that are in the target
};
MigrationSums migration_sums(const MigrationReport& report);

// What is left out, things of one kind and reason together.
struct OmissionSum {
  Omission::Kind kind = Omission::Kind::Derived;
  std::string reason;
  std::string first;  // path, escaped
  size_t count = 0;
  uint64_t bytes = 0;

  std::string text() const;  // "overlay2/ab/merged and 3 more: ... (1.2 KB)"
};
std::vector<OmissionSum> omission_sums(const std::vector<Omission>& omissions);

// Of all units, by path.
std::vector<const CopyProblem*> copy_problems(const MigrationReport& report);
std::vector<OmittedEntry> sockets_and_mounts(const MigrationReport& report);

}  // namespace dfsck

// Problems of a copy as they are kept in its journal.
#pragma once

#include <vector>

#include "core/codec/json/json.h"
#include "core/migrate/migration.h"

namespace dfsck {

JsonValue record_of(const std::vector<CopyProblem>& problems);
// Leaves out what cannot be read as one.
std::vector<CopyProblem> problems_of(const JsonValue& record);

}  // namespace dfsck

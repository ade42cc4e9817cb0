// Looking for containerd's image store. Internal to core/model, and for its tests.
#pragma once

#include <string>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

// `outside`: the directories of containerds that may serve this root, the likeliest first.
void scan_containerd_store(const Root& root, const std::vector<std::string>& outside, bool is_configured, Model& model);

}  // namespace dfsck

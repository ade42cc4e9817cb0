// repositories.json: parsing it as the daemon does, and saving what can be read of a torn one. Internal to core/model.
#pragma once

#include <string_view>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

// Fills model.images.references. Needs model.image_path alone.
void scan_references(const Root& root, Model& model);

// The entries of an intact repositories.json, sorted by name. `problem` says why the daemon would refuse it, in words
// that fit behind "is"; it stays empty if it would not.
std::vector<Reference> parse_references(const FileState& file, std::string& problem);

// Entries that stand complete in torn or overwritten text, sorted by name: every "name":"sha256:<hex>" whose name is
// one that the daemon writes. Of equal names the last counts.
std::vector<Reference> salvage_references(std::string_view bytes);

}  // namespace dfsck

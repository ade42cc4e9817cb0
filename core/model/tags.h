// The tags of a root as repositories.json holds them.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "core/model/model.h"

namespace dfsck {

// Outer key, then inner key, then image id: repositories.json as the daemon holds it.
using Tags = std::map<std::string, std::map<std::string, std::string>>;

// The entries of an intact file without those of `dropped`, indices into the model's references.
Tags kept_tags(const Model& model, const std::set<size_t>& dropped);

// The file's bytes as moby reference/store.go:save writes them: one line, keys sorted, no newline.
std::string repositories_json(const Tags& tags);

}  // namespace dfsck

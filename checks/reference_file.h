// What repositories.json should hold: worked out once for the checks that count tags and the repairs that write them.
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

// Tags that other things than an intact file prove, for images that are here: complete entries of the torn text, then
// those of cut-off writes, newest first, then what containers were made from, newest first.
Tags provable_tags(const Model& model);

size_t count_of(const Tags& tags);

// The file's bytes as moby reference/store.go:save writes them: one line, keys sorted, no newline.
std::string repositories_json(const Tags& tags);

}  // namespace dfsck

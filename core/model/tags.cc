// From tags to the bytes of repositories.json.
#include "core/model/tags.h"

#include "core/codec/json/json.h"

namespace dfsck {

// By index and not by name: a damaged file can hold one name twice, and only one of the two is to go.
Tags kept_tags(const Model& model, const std::set<size_t>& dropped) {
  const std::vector<Reference>& references = model.images.references.references;
  Tags tags;
  for (size_t i = 0; i < references.size(); ++i) {
    if (!dropped.contains(i)) {
      tags[references[i].repository][references[i].name] = references[i].target;
    }
  }
  return tags;
}

// As the daemon writes it, with sorted keys and Go's escapes: an unchanged set of tags gives unchanged bytes.
std::string repositories_json(const Tags& tags) {
  JsonValue::Object repositories;
  for (const auto& [repository, entries] : tags) {
    JsonValue::Object members;
    for (const auto& [name, target] : entries) {
      members.push_back({name, JsonValue::string(target)});
    }
    repositories.push_back({repository, JsonValue::object(std::move(members))});
  }
  return to_go_json(JsonValue::object({{"Repositories", JsonValue::object(std::move(repositories))}}));
}

}  // namespace dfsck

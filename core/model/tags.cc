// From tags to the bytes of repositories.json.
#include "core/model/tags.h"

#include "core/codec/json.h"

namespace dfsck {

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

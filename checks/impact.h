// Who is hit by a finding: the images, tags and containers that hang on a broken thing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/model/derive/derive.h"
#include "core/plan/finding.h"

namespace dfsck {

// Reverse indices over a model. Built once per run; const and thread-safe afterwards.
class Impact {
 public:
  Impact(const Model& model, const Derived& derived);

  // What hangs on the given subjects together.
  Affected of(const std::vector<Subject>& subjects) const;

 private:
  struct Hit {
    std::set<size_t> images;
    std::set<size_t> containers;
  };
  void add(const Subject& subject, Hit& hit) const;
  void add_layer(const std::string& chain, Hit& hit) const;
  void add_dir(const CacheId& id, Hit& hit) const;
  void add_image(const std::string& id, Hit& hit) const;
  void add_container(const std::string& id, Hit& hit) const;

  const Model& model_;
  const Derived& derived_;
  std::map<std::string, std::vector<size_t>> images_of_layer_;      // chain ID text -> model.images
  std::map<std::string, std::vector<size_t>> containers_of_layer_;  // chain ID text -> model.containers
  std::map<std::string, size_t> image_by_id_;
  std::map<std::string, std::vector<std::string>> tags_of_image_;
  std::map<std::string, std::vector<size_t>> containers_of_image_;
  std::map<std::string, std::vector<size_t>> containers_of_volume_;
  std::map<std::string, std::vector<size_t>> containers_of_network_;
};

}  // namespace dfsck

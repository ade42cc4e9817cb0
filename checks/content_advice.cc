// Both name --from, and how far the search came without it.
#include "checks/content_advice.h"

namespace dfsck {

std::string bytes_advice(const ContentResults& content, size_t layer) {
  const std::string why = layer < content.remedies.size() ? content.remedies[layer].why : "";
  return "Name a copy of the image with --from: a docker save archive, an OCI layout or another root" +
         (why.empty() ? "." : " (" + why + ").");
}

std::string reference_advice(const ContentResults& content, size_t layer) {
  const std::string why = layer < content.references.size() ? content.references[layer].why : "";
  return "Name a docker save archive or an OCI layout that has this layer with --from" +
         (why.empty() ? "." : " (packing the layer's tree again did not help: " + why + ").");
}

}  // namespace dfsck

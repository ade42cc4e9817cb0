// Origins in words.
#include "core/content/origin.h"

#include "core/base/escape.h"

namespace dfsck {

std::string describe(const Origin& origin) {
  if (origin.donor.empty()) {
    return origin.path.text();
  }
  const std::string donor = escaped(origin.donor);
  return origin.layer ? donor + " (layer " + origin.layer->text() + ", " + origin.path.text() + ")"
                      : donor + "/" + origin.path.text();
}

}  // namespace dfsck

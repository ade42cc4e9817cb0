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

std::string describe_byte(uint8_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return std::string("0x") + kDigits[value >> 4] + kDigits[value & 15];
}

}  // namespace dfsck

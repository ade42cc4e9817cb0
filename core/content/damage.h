// What kind of damage a file of the right size with the wrong CRC has. Reads the file once more.
#pragma once

#include <string>

#include "core/content/verify.h"
#include "core/run/cancel.h"

namespace dfsck {

// Fills in kind (ZeroFilled or BytesDiffer), detail, offset, length and fixes of `issue`. The file is read from its
// start; what cannot be read is not looked at.
void describe_damage(int fd, uint64_t size, uint64_t expected_crc, uint64_t found_crc, const Cancel& cancel,
                     Issue& issue);

}  // namespace dfsck

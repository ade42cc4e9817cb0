// Finding a single wrong byte by its CRC-64 alone.
#pragma once

#include <cstdint>
#include <vector>

namespace dfsck {

struct WrongByte {
  uint64_t offset = 0;
  uint8_t difference = 0;  // exclusive or of the right byte and the wrong one
};

// CRCs are linear: the difference of two CRCs of equally long data is the CRC of the difference. If that is one byte,
// it can be walked back to. Gives every single byte of a file of `size` bytes that explains both CRCs, those with the
// fewest wrong bits first. There may be two, eight bytes apart, because this polynomial has few terms: a bit of one
// byte and four bits of the other have the same CRC. One table look-up per byte of the file, no I/O. That damage of
// another kind looks like one byte is as likely as 255 * size / 2^64.
std::vector<WrongByte> locate_wrong_byte(uint64_t expected_crc, uint64_t found_crc, uint64_t size);

}  // namespace dfsck

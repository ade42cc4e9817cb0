// SHA-256, by OpenSSL. The only header of the project behind which libcrypto stands.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/ids.h"

namespace dfsck {

// An incremental SHA-256. Not thread-safe; make one per stream. Allocation failure ends the program.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(const void* data, size_t size);
  void update(std::string_view bytes) { update(bytes.data(), bytes.size()); }
  // A second stream that has seen the same bytes.
  Sha256 copy() const;
  // Ends the stream; the object can then only be destroyed or assigned to.
  std::array<uint8_t, 32> finish();
  std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
std::string to_hex(std::span<const uint8_t> bytes);

}  // namespace dfsck

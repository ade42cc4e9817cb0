// The uncompressed tar of one layer of a donor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/codec/byte_source.h"
#include "core/codec/digest.h"
#include "core/run/cancel.h"

namespace dfsck {

// Whether a layer is hashed while it is read. Who only looks for files whose digests are known needs no more.
enum class LayerHashing { Verified, Unverified };

// A stream that is called by the DiffId that it should have. Only when it has ended without an error is it known to be
// that layer: with LayerHashing::Verified the end of another one is a Format error.
class LayerSource final : public ByteSource {
 public:
  LayerSource(std::unique_ptr<ByteSource> source, DiffId diff, LayerHashing check, std::string where,
              const Cancel& cancel);

  Result<std::string_view> next() override;
  // Passes bytes over only if nothing is to be verified.
  Result<uint64_t> skip(uint64_t bytes) override;

  bool verified() const { return verified_; }  // it has ended, and is the layer
  const std::string& where() const { return where_; }

 private:
  Result<std::string_view> end();

  std::unique_ptr<ByteSource> source_;
  DiffId diff_;
  std::optional<Sha256> hash_;
  std::string where_;
  const Cancel& cancel_;
  bool verified_ = false;
  std::optional<Error> error_;
};

}  // namespace dfsck

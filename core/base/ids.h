// The identifiers of a Docker root, each a type of its own.
//
// Parsing is the only way in, so whoever holds one can use its text as a path component without further
// checks. Three of them print alike (sha256:...) but mean different things; the compiler keeps them apart.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace dfsck {

// A sha256 digest: 64 lower-case hex characters. The text form in files is "sha256:" + hex.
template <typename Tag>
class DigestId {
 public:
  // From "sha256:<hex64>".
  static std::optional<DigestId> parse(std::string_view text);
  // From the bare hex, as used in directory and file names.
  static std::optional<DigestId> from_hex(std::string_view hex);

  const std::string& hex() const { return hex_; }
  std::string text() const { return "sha256:" + hex_; }
  std::string brief() const { return hex_.substr(0, 12); }

  friend auto operator<=>(const DigestId&, const DigestId&) = default;

 private:
  explicit DigestId(std::string_view hex) : hex_(hex) {}
  std::string hex_;
};

using ChainId = DigestId<struct ChainTag>;    // names a layer together with everything below it
using DiffId = DigestId<struct DiffTag>;      // sha256 of one uncompressed layer tar
using ImageId = DigestId<struct ImageTag>;    // sha256 of an image config
using BlobDigest = DigestId<struct BlobTag>;  // sha256 of a compressed layer or other registry blob

// ChainID of a layer with the given diff on the given parent (none for a base layer).
// moby layer/layer.go:createChainIDFromParent; OCI image-spec "Layer ChainID".
ChainId chain_id(const std::optional<ChainId>& parent, const DiffId& diff);

// Name of a directory in overlay2/: a layer of the image store or of a container (64 hex), a container's init
// layer (64 hex + "-init"), or a BuildKit snapshot (25 characters of 0-9a-z).
class CacheId {
 public:
  enum class Form { Hex, Init, BuildKit };
  static std::optional<CacheId> parse(std::string_view text);

  const std::string& text() const { return text_; }
  Form form() const;
  std::string brief() const;
  // The init directory of a writable one: layer_store.go:initMount adds "-init" to the mount id.
  std::optional<CacheId> init() const { return parse(text_ + "-init"); }
  friend auto operator<=>(const CacheId&, const CacheId&) = default;

 private:
  explicit CacheId(std::string_view text) : text_(text) {}
  std::string text_;
};

// Name of a short link in overlay2/l/: 26 characters of A-Z2-7 (overlayutils/randomid.go:GenerateID).
class LinkId {
 public:
  static std::optional<LinkId> parse(std::string_view text);
  // The link id that is given to a directory whose own was lost without trace: derived from the directory's
  // name, so that every run chooses the same.
  static LinkId derived_from(std::string_view directory_name);

  const std::string& text() const { return text_; }
  friend auto operator<=>(const LinkId&, const LinkId&) = default;

 private:
  explicit LinkId(std::string_view text) : text_(text) {}
  std::string text_;
};

// Name of a container (64 hex) or of a mount in layerdb/mounts.
class ContainerId {
 public:
  static std::optional<ContainerId> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::string brief() const { return text_.substr(0, 12); }
  friend auto operator<=>(const ContainerId&, const ContainerId&) = default;

 private:
  explicit ContainerId(std::string_view text) : text_(text) {}
  std::string text_;
};

bool is_hex64(std::string_view text);
bool is_buildkit_id(std::string_view text);  // 25 characters of 0-9a-z

// --- inline ---

template <typename Tag>
std::optional<DigestId<Tag>> DigestId<Tag>::from_hex(std::string_view hex) {
  return is_hex64(hex) ? std::optional(DigestId(hex)) : std::nullopt;
}

template <typename Tag>
std::optional<DigestId<Tag>> DigestId<Tag>::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.starts_with(kPrefix) ? from_hex(text.substr(kPrefix.size())) : std::nullopt;
}

}  // namespace dfsck

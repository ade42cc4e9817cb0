// SHA-256 through OpenSSL's EVP interface, which picks the processor's SHA instructions by itself.
#include "core/codec/digest.h"

#include <openssl/evp.h>

#include <new>

namespace dfsck {
namespace {

// Before main() begins: OpenSSL does not survive a lack of memory while it sets itself up.
const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // Failure here means that memory is gone, or that the library has no SHA-256 at all: nothing can be verified.
  if (kSha256 == nullptr || state_->context == nullptr || EVP_DigestInit_ex(state_->context, kSha256, nullptr) != 1) {
    throw std::bad_alloc();
  }
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(const void* data, size_t size) {
  if (EVP_DigestUpdate(state_->context, data, size) != 1) {
    throw std::bad_alloc();
  }
}

// For a digest of what came so far, while the stream goes on.
Sha256 Sha256::copy() const {
  Sha256 other;
  if (EVP_MD_CTX_copy_ex(other.state_->context, state_->context) != 1) {
    throw std::bad_alloc();
  }
  return other;
}

std::array<uint8_t, 32> Sha256::finish() {
  std::array<uint8_t, 32> digest{};
  if (EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

std::string Sha256::finish_hex() { return to_hex(finish()); }

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

std::string to_hex(std::span<const uint8_t> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

// The text of both ids with their prefix and one blank between, not their bytes; the chain of a base layer is its diff.
ChainId chain_id(const std::optional<ChainId>& parent, const DiffId& diff) {
  return *ChainId::from_hex(parent ? sha256_hex(parent->text() + " " + diff.text()) : diff.hex());
}

LinkId LinkId::derived_from(std::string_view directory_name) {
  static constexpr char kBase32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  Sha256 hash;
  // The words in front keep these ids apart from any other use of a hash of the name.
  hash.update("docker-fsck short link ");
  hash.update(directory_name);
  const std::array<uint8_t, 32> digest = hash.finish();
  std::string text;
  for (size_t i = 0; i < 26; ++i) {
    // 26 of 32 bytes, five bits of each: as many characters as the daemon's GenerateID gives, of the same alphabet.
    text += kBase32[digest[i] & 31];
  }
  return *LinkId::parse(text);
}

}  // namespace dfsck

// The digest of a stream does not depend on how the stream came, nor on who hashed.
#include "core/content/bytes/tar_digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace dfsck {
namespace {

std::string noise(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
  return bytes;
}

// In pieces of random length, copied or put into room().
void feed(TarDigest& digest, std::string_view bytes, unsigned seed) {
  std::mt19937 random(seed);
  while (!bytes.empty()) {
    size_t part = std::min<size_t>(bytes.size(), random() % 3 == 0 ? random() % 700'000 : random() % 5'000);
    if (random() % 2 == 0) {
      digest.add(bytes.substr(0, part));
    } else {
      const std::span<char> room = digest.room();
      ASSERT_FALSE(room.empty());
      part = std::min(part, room.size());
      std::memcpy(room.data(), bytes.data(), part);
      digest.take(part);
    }
    bytes.remove_prefix(part);
  }
}

TEST(TarDigest, IsTheSameHoweverTheBytesComeAndWhoeverHashes) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{262'144}, size_t{12'345'678}}) {
    const std::string bytes = noise(size, 1);
    TarDigest alone;
    feed(alone, bytes, 2);
    EXPECT_EQ(alone.finish_hex(), sha256_hex(bytes)) << size;
    for (const unsigned jobs : {1U, 4U}) {
      std::vector<std::string> found(3);
      const Cancel cancel;
      for_each_shared(found.size(), jobs, cancel, [&](size_t n, SharedWork& work) {
        TarDigest helped(&work);
        feed(helped, bytes, static_cast<unsigned>(n));
        found[n] = helped.finish_hex();
      });
      EXPECT_EQ(found, std::vector<std::string>(3, sha256_hex(bytes))) << size << " with " << jobs;
    }
  }
}

TEST(TarDigest, WhatIsKeptIsNotOverwritten) {
  const std::string bytes = noise(3'000'000, 5);
  const Cancel cancel;
  for (const bool lost : {false, true}) {
    for_each_shared(1, 2, cancel, [&](size_t, SharedWork& work) {
      TarDigest digest(&work);
      if (lost) {
        digest.lose();
      }
      std::vector<std::pair<std::string_view, std::shared_ptr<const void>>> kept;
      for (std::string_view rest = bytes; !rest.empty();) {
        const std::span<char> room = digest.room();
        const size_t part = std::min({rest.size(), room.size(), size_t{50'000}});
        std::memcpy(room.data(), rest.data(), part);
        digest.take(part);
        kept.emplace_back(std::string_view(room.data(), part), digest.keep());
        rest.remove_prefix(part);
      }
      EXPECT_EQ(digest.finish_hex().empty(), lost);
      std::string joined;
      for (const auto& [piece, keep] : kept) {
        joined += piece;
      }
      EXPECT_TRUE(joined == bytes);
    });
  }
}

TEST(TarDigest, HasNoDigestOnceAByteIsLost) {
  TarDigest digest;
  digest.add("some");
  digest.lose();
  digest.add("more");
  EXPECT_EQ(digest.finish_hex(), "");
}

}  // namespace
}  // namespace dfsck

// Image names: what the daemon stores, what users type, and what is none.
#include "core/model/reference_name.h"

#include <gtest/gtest.h>

#include <string>

namespace dfsck {
namespace {

const std::string kHex(64, 'a');

std::string key_of(std::string_view text) {
  const std::optional<ReferenceName> name = parse_reference_name(text);
  return name ? name->key() : "refused";
}

TEST(ReferenceName, TypedNamesBecomeTheKeysThatTheDaemonStores) {
  EXPECT_EQ(key_of("app:1"), "app:1");
  EXPECT_EQ(key_of("app"), "app:latest");
  EXPECT_EQ(key_of("docker.io/library/app:1"), "app:1");
  EXPECT_EQ(key_of("index.docker.io/team/app:1"), "team/app:1");
  EXPECT_EQ(key_of("library/app"), "app:latest");
  EXPECT_EQ(key_of("library/team/app"), "library/team/app:latest");
  EXPECT_EQ(key_of("localhost/x"), "localhost/x:latest");
  EXPECT_EQ(key_of("registry.example:5000/team/app"), "registry.example:5000/team/app:latest");
  EXPECT_EQ(key_of("[fe80::1]:5000/app:2"), "[fe80::1]:5000/app:2");
  EXPECT_EQ(key_of("app@sha256:" + kHex), "app@sha256:" + kHex);
  EXPECT_EQ(key_of("app:1@sha256:" + kHex), "app@sha256:" + kHex);
}

TEST(ReferenceName, RefusesWhatTheDaemonRefuses) {
  for (const std::string& text :
       {std::string(), kHex, "sha256:" + kHex, std::string("App"), std::string("a//b"), std::string("a:"),
        std::string("a@sha256:12"), std::string("a..b"), std::string("a___b"), std::string("-a"), std::string("a/"),
        "a:" + std::string(129, 'x'), std::string(256, 'a'), std::string("a b"), std::string("a:\x01")}) {
    EXPECT_EQ(key_of(text), "refused") << text;
  }
}

TEST(ReferenceName, KeysMustBeInFamiliarFormUnderTheirName) {
  EXPECT_TRUE(is_reference_key("app", "app:1"));
  EXPECT_TRUE(is_reference_key("ghcr.io/a/b", "ghcr.io/a/b@sha256:" + kHex));
  EXPECT_FALSE(is_reference_key("other", "app:1"));
  EXPECT_FALSE(is_reference_key("app", "app"));
  EXPECT_FALSE(is_reference_key("app", "docker.io/library/app:1"));
}

}  // namespace
}  // namespace dfsck

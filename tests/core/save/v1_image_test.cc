// Ids and documents of Docker's first image format: against ids that a daemon computed, and Go's encoding by hand.
#include <gtest/gtest.h>

#include "core/codec/json/json.h"
#include "core/model/rfc3339.h"
#include "core/save/v1_image.h"

namespace dfsck {
namespace {

JsonValue config_of(const std::string& text) {
  const Result<JsonValue> value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : JsonValue();
}

ChainId chain(const std::string& hex) { return *ChainId::from_hex(hex); }

// From an archive of docker save 20.10.24.
const std::string kBase = "33002d1f40294dbca2f9610584b832887b5b9090df4a645dfa6293a2f07f35eb";
const std::string kBaseId = "097c0ebaab78d57eb3d4514ab5af618707e5619abc9fb4c86661a8ad5441f28b";

TEST(V1Image, TheIdOfALowerLayerIsTheDaemons) {
  const JsonValue config = config_of(R"({"os":"linux","created":"2026-01-02T03:04:05Z"})");
  const std::vector<V1Layer> layers = v1_layers(config, {chain(kBase), chain(std::string(64, 'a'))}, V1Style::Docker20);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].id, kBaseId);
  EXPECT_TRUE(layers[0].json.starts_with("{\"id\":\"" + kBaseId + "\",\"created\":\"1970-01-01T00:00:00Z\","))
      << layers[0].json;
  EXPECT_TRUE(layers[0].json.ends_with(",\"os\":\"linux\"}")) << layers[0].json;
  EXPECT_TRUE(layers[1].json.starts_with("{\"id\":\"" + layers[1].id + "\",\"parent\":\"" + kBaseId + "\","))
      << layers[1].json;
}

TEST(V1Image, TheTopLayerHasTheImagesMembersAndNoOthers) {
  const JsonValue config = config_of(R"({"architecture":"amd64","author":"me","container":"c0","unknown":1,
    "created":"2026-01-02T03:04:05.120000000+00:00","docker_version":"20.10.24","os":"linux","variant":"v8",
    "config":{"Cmd":"run","Env":[],"Labels":{"b":"2","a":"1"},"ExposedPorts":{},"Volumes":{"/v":{}},"StopTimeout":0,
              "Healthcheck":{"Test":["CMD","x"],"StartInterval":5,"Retries":0},"Shell":["/bin/sh"],"Stdin":true}})");
  const std::string json = v1_layers(config, {chain(kBase)}, V1Style::Docker20)[0].json;
  const std::string head =
      "\"created\":\"2026-01-02T03:04:05.12Z\",\"container\":\"c0\",\"container_config\":{\"Hostname\":\"\",";
  EXPECT_NE(json.find(head), std::string::npos) << json;
  const std::string own =
      R"("OpenStdin":false,"StdinOnce":false,"Env":[],"Cmd":["run"],"Healthcheck":{"Test":["CMD","x"]},"Image":"",)"
      R"("Volumes":{"/v":{}},"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":{"a":"1","b":"2"},"StopTimeout":0,)"
      R"("Shell":["/bin/sh"]},"architecture":"amd64","variant":"v8","os":"linux"})";
  EXPECT_TRUE(json.ends_with(own)) << json;
  EXPECT_EQ(json.find("unknown"), std::string::npos);
  EXPECT_EQ(json.find("ExposedPorts"), std::string::npos);
  const std::string newer = v1_layers(config, {chain(kBase)}, V1Style::Docker25)[0].json;
  EXPECT_NE(newer.find("\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"StartInterval\":5}"), std::string::npos) << newer;
}

TEST(V1Image, AnImageWithoutATimeHasGosZeroTimeOrNone) {
  const JsonValue config = config_of("{}");
  EXPECT_NE(v1_layers(config, {chain(kBase)}, V1Style::Docker20)[0].json.find("0001-01-01T00:00:00Z"),
            std::string::npos);
  EXPECT_EQ(v1_layers(config, {chain(kBase)}, V1Style::Docker25)[0].json.find("created"), std::string::npos);
}

TEST(Rfc3339, MomentsAndWhatGoMakesOfThem) {
  const std::optional<FileTime> time = rfc3339_time("2026-11-23T19:57:07.5+01:30");
  ASSERT_TRUE(time);
  EXPECT_EQ(*time, (FileTime{1795458427, 500000000}));
  EXPECT_EQ(rfc3339_time("1969-12-31T23:59:59Z")->seconds, -1);
  EXPECT_FALSE(rfc3339_time("yesterday"));
  EXPECT_EQ(as_go_writes_time("2026-11-23T19:57:07.1234567899-00:00"), "2026-11-23T19:57:07.123456789Z");
  EXPECT_EQ(as_go_writes_time("2026-11-23T19:57:07.000+01:00"), "2026-11-23T19:57:07+01:00");
}

}  // namespace
}  // namespace dfsck

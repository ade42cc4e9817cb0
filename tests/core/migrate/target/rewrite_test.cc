// Paths of the old place in configurations: what is changed, what is left alone, and that nothing else is touched.
#include "core/migrate/target/rewrite.h"

#include <gtest/gtest.h>

#include "core/codec/json/text.h"
#include "core/migrate/plan/copy_plan.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

const std::vector<PathMove> kMoves{{"/var/lib/docker", "/data/d"}};

std::string rewritten(ConfigFile kind, const std::string& text) {
  const Result<RewrittenFile> result = rewrite_paths(kind, text, kMoves);
  return result ? result->bytes : "error: " + result.error().message();
}

TEST(Rewrite, ChangesExactlyThePathsOfTheHost) {
  const std::string before =
      R"({ "LogPath":"/var/lib/docker/containers/a/a-json.log" ,"Name":"/var/lib/docker",)"
      R"("Args":["/var/lib/docker/x"],"MountPoints":{"/var/lib/docker":{"Source":"/var/lib/docker/volumes/v/_data",)"
      R"("Destination":"/var/lib/docker","Spec":{"Source":"/var/lib/docker","Target":"/var/lib/docker"}},)"
      R"("/b":{"Source":"/var/lib/dockerx/y"},"/c":{"Source":"/mnt/var/lib/docker/y"}}})";
  const Result<RewrittenFile> result = rewrite_paths(ConfigFile::Container, before, kMoves);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes,
            R"({ "LogPath":"/data/d/containers/a/a-json.log" ,"Name":"/var/lib/docker",)"
            R"("Args":["/var/lib/docker/x"],"MountPoints":{"/var/lib/docker":{"Source":"/data/d/volumes/v/_data",)"
            R"("Destination":"/var/lib/docker","Spec":{"Source":"/data/d","Target":"/var/lib/docker"}},)"
            R"("/b":{"Source":"/var/lib/dockerx/y"},"/c":{"Source":"/mnt/var/lib/docker/y"}}})");
  ASSERT_EQ(result->changes.size(), 3U);
  EXPECT_EQ(result->changes[1].member, "MountPoints./var/lib/docker.Source");
  EXPECT_EQ(result->changes[1].before, "/var/lib/docker/volumes/v/_data");
  EXPECT_EQ(result->changes[1].after, "/data/d/volumes/v/_data");
  ASSERT_EQ(result->mentions.size(), 2U);
  EXPECT_EQ(result->mentions[0].member, "Name");
  EXPECT_EQ(result->mentions[1].member, "Args[0]");
}

TEST(Rewrite, BindsAreChangedOnTheHostsSideOnly) {
  EXPECT_EQ(
      rewritten(ConfigFile::Host,
                R"({"Binds":["/var/lib/docker:/var/lib/docker:ro","/var/lib/docker/x:/y","/var/lib/dockers:/z"]})"),
      R"({"Binds":["/data/d:/var/lib/docker:ro","/data/d/x:/y","/var/lib/dockers:/z"]})");
  EXPECT_EQ(rewritten(ConfigFile::Host, R"({"Mounts":[{"Type":"bind","Source":"/var/lib/docker:odd"}]})"),
            R"({"Mounts":[{"Type":"bind","Source":"/var/lib/docker:odd"}]})");
}

TEST(Rewrite, OtherFilesHaveTheirOwnMembers) {
  EXPECT_EQ(rewritten(ConfigFile::Plugin, R"({"plugin":{"Settings":{"Mounts":[{"Source":"/var/lib/docker/p"}]}},)"
                                          R"("Rootfs":"/var/lib/docker/plugins/x/rootfs"})"),
            R"({"plugin":{"Settings":{"Mounts":[{"Source":"/data/d/p"}]}},"Rootfs":"/data/d/plugins/x/rootfs"})");
  EXPECT_EQ(rewritten(ConfigFile::VolumeOptions, R"({"MountType":"none","MountDevice":"/var/lib/docker/x"})"),
            R"({"MountType":"none","MountDevice":"/data/d/x"})");
  EXPECT_EQ(rewritten(ConfigFile::VolumeOptions, R"({"LogPath":"/var/lib/docker/x"})"),
            R"({"LogPath":"/var/lib/docker/x"})");
}

TEST(Rewrite, EscapesAndStrangeBytesBehindThePathStay) {
  EXPECT_EQ(rewritten(ConfigFile::Container, "{\"LogPath\":\"\\/var\\u002flib/docker\\/a\\u00e9\xff\\n\"} trailing {"),
            "{\"LogPath\":\"/data/d\\/a\\u00e9\xff\\n\"} trailing {");
  // An escape that looks like the end of the string, and a key that only differs in case.
  EXPECT_EQ(rewritten(ConfigFile::Container, R"({"x":"\\","logpath":"/var/lib/docker/\"q"})"),
            R"({"x":"\\","logpath":"/data/d/\"q"})");
}

TEST(Rewrite, TheNewPathIsEncoded) {
  const std::vector<PathMove> moves{{"/old", "/new \"<place>\"\n"}};
  const Result<RewrittenFile> result = rewrite_paths(ConfigFile::Container, R"({"LogPath":"/old/x"})", moves);
  ASSERT_TRUE(result);
  const Result<JsonValue> parsed = parse_json(result->bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed->get("LogPath").as_string(), "/new \"<place>\"\n/x");
}

TEST(Rewrite, TheLongestOfSeveralOldPlacesDecides) {
  const std::vector<PathMove> moves{{"/r/100000.100000", "/n/100000.100000"}, {"/r", "/n"}};
  const Result<RewrittenFile> result =
      rewrite_paths(ConfigFile::Host, R"({"Binds":["/r/100000.100000/x:/x","/r/y:/y"]})", moves);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes, R"({"Binds":["/n/100000.100000/x:/x","/n/y:/y"]})");
}

TEST(Rewrite, BrokenAndHostileTextIsAnErrorNotACrash) {
  EXPECT_EQ(rewrite_paths(ConfigFile::Container, R"({"LogPath":"/var/lib/docker)", kMoves).error().kind,
            Error::Kind::Format);
  EXPECT_FALSE(rewrite_paths(ConfigFile::Container, "", kMoves));
  EXPECT_FALSE(rewrite_paths(ConfigFile::Container, std::string(100'000, '['), kMoves));
  EXPECT_FALSE(rewrite_paths(ConfigFile::Container, std::string(65U << 20, ' '), kMoves));
  EXPECT_FALSE(rewrite_paths(ConfigFile::VolumeOptions, R"({"MountDevice":"/var/lib/docker/x"} x)", kMoves));
  const std::string nested = std::string(60, '[') + R"("/var/lib/docker")" + std::string(60, ']');
  EXPECT_EQ(rewritten(ConfigFile::Host, nested), nested);
  for (const char* text :
       {"null", "\"/var/lib/docker\"", "[]", "{}", " 12 ", "{\"LogPath\":7}", "{\"LogPath\":[\"/var/lib/docker\"]}"}) {
    EXPECT_EQ(rewritten(ConfigFile::Container, text), text);
  }
}

TEST(Rewrite, ManyChangesInOneFile) {
  std::string before = "{\"Binds\":[", after = before;
  for (int i = 0; i < 5000; ++i) {
    before += std::string(i == 0 ? "" : ",") + "\"/var/lib/docker/" + std::to_string(i) + ":/x\"";
    after += std::string(i == 0 ? "" : ",") + "\"/data/d/" + std::to_string(i) + ":/x\"";
  }
  EXPECT_EQ(rewritten(ConfigFile::Host, before + "]}"), after + "]}");
}

TEST(Rewrite, FindsFilesAndHowTheySpellTheRoot) {
  const TempRoot temp;
  const std::string id(64, 'a');
  const std::string config = R"({"ID":")" + id + R"(","LogPath":"/srv/docker/containers/)" + id + "/" + id +
                             R"(-json.log","HostnamePath":"/srv/docker/containers/)" + id + R"(/hostname"})";
  temp.write("containers/" + id + "/config.v2.json", config);
  temp.write("containers/" + id + "/hostconfig.json", R"({"Binds":[)"
                                                      "\"" +
                                                          temp.path() + R"(/volumes/x:/x"]})");
  temp.write("volumes/bad/opts.json", "{");
  temp.write("volumes/metadata.db", std::string(300'000, 'x') + "/srv/docker/volumes/x");
  Model model;
  Container container;
  container.name_on_disk = id;
  container.path = RelPath("containers") / id;
  model.containers.containers.push_back(container);
  Volume volume;
  volume.name = "bad";
  volume.path = "volumes/bad";
  model.volumes.volumes.push_back(volume);
  model.volumes.database.path = "volumes/metadata.db";
  const Derived derived;
  const Root root = temp.open();

  EXPECT_EQ(spelled_roots(root, model), std::vector<std::string>{"/srv/docker"});
  const std::vector<PathMove> moves = moves_of(root, {RelPath(), model, derived}, "", "/new");
  ASSERT_EQ(moves.size(), 2U);
  const RewriteList list = list_rewrites(root, model, moves);
  ASSERT_EQ(list.files.size(), 3U);
  EXPECT_EQ(list.files[0].changes.size(), 2U);
  EXPECT_EQ(list.files[1].changes.at(0).after, "/new/volumes/x:/x");
  EXPECT_NE(list.files[2].problem, "");
  EXPECT_EQ(list.binary_files, std::vector<RelPath>{"volumes/metadata.db"});
}

TEST(Rewrite, ARemappedRootMovesWithTheOneAboveIt) {
  const TempRoot temp;
  temp.make_dir("100000.100000");
  const Root root = *temp.open().open_below("100000.100000");
  const Model model;
  const Derived derived;
  const std::vector<PathMove> moves = moves_of(root, {"100000.100000", model, derived}, "/link/", "/new");
  const auto to = [&](const std::string& from) {
    for (const PathMove& move : moves) {
      if (move.from == from) {
        return move.to;
      }
    }
    return std::string("none");
  };
  EXPECT_EQ(to(root.path()), "/new/100000.100000");
  EXPECT_EQ(to(temp.open().path()), "/new");
}

TEST(JsonText, PlacesAreThoseOfTheText) {
  const std::string text = " {\"a\": [1, \"x\"] ,\"b\\n\":{}} ";
  std::vector<std::string> seen;
  ASSERT_TRUE(visit_json_text(text, {}, [&](const std::vector<JsonStep>& path, const JsonPlace& place) {
    seen.push_back(json_path_text(path) + "=" + text.substr(place.begin, place.end - place.begin));
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"a[0]=1", "a[1]=\"x\"", "a=[1, \"x\"]", "b\\x0a={}",
                                            "={\"a\": [1, \"x\"] ,\"b\\n\":{}}"}));
  EXPECT_EQ(decoded_json("\\ud83d\\ude00\\ud83dx\\/"), "\xf0\x9f\x98\x80\xef\xbf\xbdx/");
}

}  // namespace
}  // namespace dfsck

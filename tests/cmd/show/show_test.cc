// docker-fsck show: what each kind of name leads to, what is said of it, and that nothing is written.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cmd/program.h"
#include "core/codec/json/json.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

struct Shown {
  int exit_code = 0;
  JsonValue document;
  std::string err;

  std::string text(const char* key) const { return text_of(document.get(key)); }
  static std::string text_of(const JsonValue& value) { return value.as_string() != nullptr ? *value.as_string() : ""; }
  std::string fact(const char* key) const { return text_of(document.get("facts").get(key)); }
  // "layer 1 of 2=sha256:..." for each thing of a list; by its name where it has one.
  std::vector<std::string> list(const char* key) const {
    std::vector<std::string> things;
    for (const JsonValue& thing : array(document.get(key))) {
      const JsonValue::Array& names = array(thing.get("names"));
      things.push_back(text_of(thing.get("role")) + "=" + text_of(names.empty() ? thing.get("id") : names.front()));
    }
    return things;
  }
  const JsonValue& thing(const char* key, size_t index) const {
    static const JsonValue none;
    return index < array(document.get(key)).size() ? array(document.get(key))[index] : none;
  }
  std::vector<std::string> slugs() const {
    std::vector<std::string> found;
    for (const JsonValue& finding : array(document.get("findings"))) {
      found.push_back(text_of(finding.get("slug")));
    }
    return found;
  }
  std::vector<std::string> places() const {
    std::vector<std::string> found;
    for (const JsonValue& place : array(document.get("places"))) {
      found.push_back(text_of(place.get("path")));
    }
    return found;
  }
  static const JsonValue::Array& array(const JsonValue& value) {
    static const JsonValue::Array none;
    return value.as_array() != nullptr ? *value.as_array() : none;
  }
};

using Texts = std::vector<std::string>;

bool holds(const Texts& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

class Show : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
  }

  void build(const std::string& name) {
    root_ = scratch_.path() + "/root";
    const Result<RecipeNames> names = test::build_case(name, root_);
    ASSERT_TRUE(names) << names.error().message();
    names_ = *names;
  }

  void damage(const std::string& kind, Texts words) {
    const Result<void> damaged = apply_damage(root_, {RecipeItem{0, kind, std::move(words), {}, {}}}, names_);
    ASSERT_TRUE(damaged) << damaged.error().message();
  }

  std::string name(const std::string& key) const {
    const auto found = names_.find(key);
    EXPECT_NE(found, names_.end()) << key;
    return found != names_.end() ? found->second : "";
  }

  Shown show(Texts words) const {
    words.insert(words.begin(), {"show", "--root", root_, "--progress", "none", "--format", "json"});
    const Output output = run_program(words);
    const Result<JsonValue> document = parse_json(output.out);
    EXPECT_TRUE(document) << output.out << output.err;
    Shown ran{output.exit_code, document ? *document : JsonValue(), output.err};
    EXPECT_EQ(ran.text("schema"), "docker-fsck/show/1");
    return ran;
  }

  std::string text(Texts words) const {
    words.insert(words.begin(), {"show", "--root", root_, "--progress", "none", "--color", "never"});
    return run_program(words).out;
  }

  test::TempRoot scratch_;
  std::string root_;
  RecipeNames names_;
};

TEST_F(Show, AnImageHasManyNames) {
  build("good/everything.case");
  const std::string id = name("app:1.id");
  const Shown shown = show({"app:1"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(shown.text("kind"), "image");
  EXPECT_EQ(shown.text("id"), id);
  EXPECT_EQ(shown.list("uses"),
            (Texts{"parent image=base:1", "layer 1 of 2=" + name("base.chain"), "layer 2 of 2=" + name("top.chain")}));
  EXPECT_EQ(shown.list("used_by"), (Texts{"tag=app:1", "container=web"}));
  EXPECT_TRUE(holds(shown.places(), "image/overlay2/imagedb/content/sha256/" + name("app:1.hex")));
  EXPECT_TRUE(shown.slugs().empty());
  for (const std::string& what :
       {std::string("app"), std::string("docker.io/library/app:1"), id, id.substr(7), id.substr(7, 12),
        id.substr(0, 20), "image/overlay2/imagedb/content/sha256/" + id.substr(7)}) {
    EXPECT_EQ(show({what}).text("id"), id) << what;
  }
  const std::string by_digest = "base@" + name("base:1.id");  // no such name; base:1 was pulled by another digest
  EXPECT_EQ(show({by_digest}).exit_code, 16);
}

TEST_F(Show, ALayerIsKnownByEachOfItsIds) {
  build("good/everything.case");
  const std::string chain = name("base.chain");
  const Shown shown = show({chain});
  EXPECT_EQ(shown.text("kind"), "layer");
  EXPECT_EQ(shown.fact("diff_id"), name("base.diffid"));
  EXPECT_EQ(shown.fact("cache_id"), std::string(64, '1'));
  EXPECT_TRUE(holds(shown.places(), "overlay2/" + std::string(64, '1')));
  const Texts users = shown.list("used_by");
  EXPECT_TRUE(holds(users, "layer 1 of 2 of image=app:1"));
  EXPECT_TRUE(holds(users, "layer 1 of 1 of image=base:1"));
  EXPECT_TRUE(holds(users, "below container=web"));
  EXPECT_TRUE(holds(users, "upper layer=" + name("top.chain")));
  EXPECT_TRUE(holds(users, "place 1 of lower of=" + std::string(64, '2')));
  EXPECT_TRUE(holds(shown.list("uses"), "short link=" + std::string(26, 'A')));
  for (const std::string& what : {chain.substr(7), chain.substr(7, 12), name("base.diffid"), std::string(64, '1'),
                                  "image/overlay2/layerdb/sha256/" + chain.substr(7), root_ + "/" + name("base")}) {
    EXPECT_EQ(show({what}).text("id"), chain) << what;
  }
  EXPECT_EQ(show({name("step.cache")}).text("id"), name("step.chain")) << "a directory of BuildKit";
}

TEST_F(Show, AContainerIsKnownByNameIdAndMount) {
  build("good/everything.case");
  const Shown shown = show({"web"});
  EXPECT_EQ(shown.text("kind"), "container");
  EXPECT_EQ(shown.text("name"), "web");
  const Texts uses = shown.list("uses");
  EXPECT_EQ(uses.front(), "image=app:1");
  EXPECT_TRUE(holds(uses, "layer 2 of 2=" + name("top.chain")));
  EXPECT_TRUE(holds(uses, "writable layer=" + std::string(64, 'c')));
  EXPECT_TRUE(holds(uses, "volume=data"));
  EXPECT_TRUE(holds(uses, "network=mynet"));
  const std::string id = name("c1.id");
  for (const std::string& what : {std::string("/web"), id, id.substr(0, 12), name("c1.mountid"),
                                  name("c1.mountid") + "-init", "containers/" + id, name("c1.mount")}) {
    EXPECT_EQ(show({what}).text("id"), id) << what;
  }
}

TEST_F(Show, DirectoriesAndLinksSayWhoNamesThem) {
  build("good/everything.case");
  const Shown dir = show({name("top.dir")});
  EXPECT_EQ(dir.text("kind"), "directory");
  EXPECT_EQ(dir.fact("purpose"), "files of a layer");
  EXPECT_TRUE(holds(dir.list("used_by"), "directory of layer=" + name("top.chain")));
  EXPECT_TRUE(holds(dir.list("uses"), "lower 1 of 1=" + std::string(64, '1')));
  for (const std::string& what : {name("top.linkid"), "l/" + name("top.linkid"), name("top.link")}) {
    const Shown link = show({what});
    EXPECT_EQ(link.text("kind"), "link") << what;
    EXPECT_EQ(link.list("uses"), Texts{"directory=" + std::string(64, '2')}) << what;
    EXPECT_TRUE(holds(link.list("used_by"), "place 1 of lower of=" + std::string(64, 'c') + "-init")) << what;
  }
}

TEST_F(Show, VolumesNetworksAndOtherFiles) {
  build("good/everything.case");
  const Shown volume = show({"data"});
  EXPECT_EQ(volume.text("kind"), "volume");
  EXPECT_EQ(volume.fact("labels"), "team=a, tier=test");
  EXPECT_EQ(volume.list("used_by"), Texts{"container=web"});
  EXPECT_EQ(show({"volumes/data"}).text("kind"), "volume");
  const Shown network = show({"mynet"});
  EXPECT_EQ(network.text("kind"), "network");
  EXPECT_EQ(network.text("id"), name("net.mynet.id"));
  EXPECT_TRUE(holds(network.list("used_by"), "container=web"));
  const Shown file = show({name("c1") + "/config.v2.json"});
  EXPECT_EQ(file.text("kind"), "file");
  EXPECT_EQ(file.list("used_by"), Texts{"part of container=web"});
  EXPECT_EQ(show({root_ + "//overlay2/."}).text("kind"), "directory");
  EXPECT_EQ(show({root_}).text("kind"), "root");
}

TEST_F(Show, AFileOfALayerIsDescribedAndSeenThroughUpperLayers) {
  build("good/everything.case");
  const Shown shown = show({name("base.diff") + "/etc/passwd"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(shown.text("level"), "quick");
  EXPECT_EQ(shown.text("name"), "etc/passwd");
  const JsonValue& listed = shown.thing("entries", 1);
  EXPECT_EQ(Shown::text_of(listed.get("role")), "in tar-split");
  EXPECT_EQ(Shown::text_of(listed.get("facts").get("mode")), "0644");
  EXPECT_EQ(Shown::text_of(listed.get("facts").get("size")), "11 bytes");
  EXPECT_EQ(shown.list("used_by"), Texts{"file of layer=" + name("base.chain")});
  std::string sight;
  for (const JsonValue& who : Shown::array(shown.document.get("seen_by"))) {
    const JsonValue& names = Shown::array(who.get("names")).front();
    sight += Shown::text_of(names) + " " + Shown::text_of(who.get("facts").get("visible")) + " " +
             Shown::text_of(who.get("facts").get("which")) + "\n";
  }
  EXPECT_NE(sight.find("app:1 no deletes etc/passwd\n"), std::string::npos) << sight;
  EXPECT_NE(sight.find("base:1 yes \n"), std::string::npos) << sight;
  EXPECT_NE(sight.find("web no deletes etc/passwd\n"), std::string::npos) << sight;
}

TEST_F(Show, ADirectoryOnTopHidesAFileButNotADirectory) {
  build("good/everything.case");
  damage("rm", {"@top.diff/etc/passwd"});
  damage("mkdir", {"@top.diff/etc/passwd"});
  const auto sight = [&](const std::string& path) {
    const Shown shown = show({"--structure", name("base.diff") + "/" + path});
    for (const JsonValue& who : Shown::array(shown.document.get("seen_by"))) {
      if (Shown::text_of(Shown::array(who.get("names")).front()) == "app:1") {
        return Shown::text_of(who.get("facts").get("visible")) + " " + Shown::text_of(who.get("facts").get("which"));
      }
    }
    return std::string();
  };
  EXPECT_EQ(sight("etc/passwd"), "no has a directory of its name");
  EXPECT_EQ(sight("etc"), "yes ");
  EXPECT_EQ(sight("bin/busybox"), "yes ");
}

TEST_F(Show, AWhiteoutSaysWhatItDeletes) {
  build("good/everything.case");
  const Shown shown = show({std::string(64, '2') + "/diff/etc/passwd"});
  EXPECT_NE(Shown::text_of(shown.thing("entries", 0).get("facts").get("note")).find("a whiteout"), std::string::npos);
  EXPECT_NE(Shown::text_of(shown.thing("entries", 1).get("facts").get("note")).find("a whiteout"), std::string::npos);
  EXPECT_EQ(shown.list("uses"), Texts{"the same name is in=" + name("base.chain")});
}

TEST_F(Show, AFileThroughALinkIsTheFileOfItsDirectory) {
  build("good/everything.case");
  EXPECT_EQ(show({"l/" + name("base.linkid") + "/bin/busybox"}).text("id"), name("base.diff") + "/bin/busybox");
  EXPECT_EQ(show({"overlay2/" + std::string(64, 'c') + "/diff/srv/written"}).list("seen_by"), Texts{"container=web"});
}

TEST_F(Show, DamageIsToldOfWhatItTouchesAndOfNothingElse) {
  build("good/everything.case");
  damage("truncate", {"@top.dir/link", "0"});
  damage("truncate", {"@c2/hostconfig.json", "0"});
  const auto touches = [&](const std::string& what, const std::string& slug) {
    const Shown shown = show({what});
    EXPECT_EQ(shown.exit_code, holds(shown.slugs(), slug) ? 4 : 0) << what;
    return holds(shown.slugs(), slug);
  };
  EXPECT_TRUE(touches("app:1", "link-file-bad"));
  EXPECT_TRUE(touches(name("top.chain"), "link-file-bad"));
  EXPECT_TRUE(touches("web", "link-file-bad"));
  EXPECT_TRUE(touches(name("top.dir"), "link-file-bad"));
  EXPECT_TRUE(touches(name("top.dir") + "/link", "link-file-bad"));
  EXPECT_FALSE(touches("base:1", "link-file-bad"));
  EXPECT_FALSE(touches(name("base.chain"), "link-file-bad"));
  EXPECT_FALSE(touches("data", "link-file-bad"));
  EXPECT_TRUE(touches("idle", "hostconfig-bad"));
  EXPECT_FALSE(touches("scratch:1", "hostconfig-bad"));
  EXPECT_EQ(show({"containers/" + name("c2.id") + "/hostconfig.json"}).slugs(), Texts{"hostconfig-bad"});
  const Shown base = show({"base:1"});
  EXPECT_NE(base.document.get("summary").get("other_errors").as_int64(), 0) << "there is damage elsewhere";
  EXPECT_NE(text({"app:1"}).find("would write"), std::string::npos) << "the repair is shown";
  EXPECT_NE(text({"base:1"}).find("nothing is wrong with it"), std::string::npos);
}

TEST_F(Show, DeeperLevelsLookIntoTheLayersInQuestionAlone) {
  build("good/everything.case");
  damage("truncate", {"@base.diff/bin/busybox", "0"});
  damage("flip", {"@step.diff/opt/built", "0"});
  EXPECT_TRUE(show({"app:1"}).slugs().empty()) << "the structure alone does not show it";
  EXPECT_EQ(show({"--quick", "app:1"}).slugs(), (Texts{"file-emptied", "layer-bytes-lost"}));
  EXPECT_EQ(show({"--quick", "built:1"}).slugs(), (Texts{"file-emptied", "layer-bytes-lost"}))
      << "its own damage takes reading";
  const Texts both = show({"--full", "built:1"}).slugs();
  EXPECT_TRUE(holds(both, "bit-flipped")) << testing::PrintToString(both);
  EXPECT_EQ(show({name("base.diff") + "/bin/busybox"}).slugs(), (Texts{"file-emptied", "layer-bytes-lost"}));
  EXPECT_EQ(show({name("base.diff") + "/etc/passwd"}).slugs(), Texts{"layer-bytes-lost"})
      << "of another file of the same layer, what is wrong with the layer";
  EXPECT_EQ(show({"--structure", name("base.diff") + "/bin/busybox"}).text("level"), "structure");
}

TEST_F(Show, WhatIsMissingIsShownWhereSomethingRefersToIt) {
  build("good/everything.case");
  damage("rm", {"-r", "@top"});
  damage("rm", {"@built:1"});
  damage("rm", {"@step.link"});
  const Shown layer = show({name("top.chain")});
  EXPECT_EQ(layer.text("kind"), "layer");
  EXPECT_EQ(layer.exit_code, 4);
  EXPECT_TRUE(holds(layer.list("used_by"), "layer 2 of 2 of image=app:1"));
  const Shown image = show({"built:1"});
  EXPECT_EQ(image.fact("config"), "missing");
  EXPECT_TRUE(holds(image.list("used_by"), "container=idle"));
  const Shown link = show({name("step.linkid")});
  EXPECT_EQ(link.fact("note"), "missing");
  EXPECT_TRUE(holds(link.slugs(), "short-link-missing"));
}

TEST_F(Show, AmbiguousWordsListAllThatTheyMayMean) {
  build("good/everything.case");
  damage("mkdir", {"web"});
  const Shown shown = show({"web"});
  EXPECT_EQ(shown.exit_code, 16);
  const JsonValue::Array& candidates = Shown::array(shown.document.get("candidates"));
  ASSERT_EQ(candidates.size(), 2U);
  std::set<std::string> kinds;
  for (const JsonValue& candidate : candidates) {
    kinds.insert(Shown::text_of(candidate.get("kind")));
    const Shown one = show({Shown::text_of(candidate.get("show"))});
    EXPECT_NE(one.exit_code, 16) << "what is offered is not ambiguous";
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"container", "file"}));
  EXPECT_NE(shown.err.find("container web: docker-fsck show --root " + root_ + " " + name("c1.id")), std::string::npos)
      << shown.err;
}

TEST_F(Show, AWholeIdIsMeantBeforeOneThatItBegins) {
  build("good/everything.case");
  const std::string whole(64, 'e');
  damage("mkdir", {"overlay2/" + whole});
  damage("mkdir", {"overlay2/" + whole + "-init"});
  EXPECT_EQ(show({whole}).text("id"), whole);
  EXPECT_EQ(show({whole + "-init"}).text("id"), whole + "-init");
  EXPECT_EQ(Shown::array(show({whole.substr(0, 12)}).document.get("candidates")).size(), 2U);
}

TEST_F(Show, UnknownWordsGetAHint) {
  build("good/everything.case");
  for (const auto& [what, hint] : {std::pair<std::string, std::string>{"ap:1", "did you mean app:1?"},
                                   {"wbe", "did you mean web?"},
                                   {"deadbeefdeadbeef", "docker-fsck show lists what there is"},
                                   {"ab", "at least 4 digits"},
                                   {"/etc/passwd", "does not lie below the root"},
                                   {"overlay2/../../etc/passwd", "nothing in"},
                                   {name("base.diff") + "/etc/none", "there is no such file"},
                                   {"l/" + std::string(26, 'Z'), "nothing in"},
                                   {"", "An empty name means nothing"},
                                   {std::string("a\x1b[31m\n"), "\\x1b[31m\\x0a"}}) {
    const Shown shown = show({what});
    EXPECT_EQ(shown.exit_code, 16) << what;
    EXPECT_NE(shown.err.find(hint), std::string::npos) << shown.err;
    EXPECT_NE(Shown::text_of(shown.document.get("error").get("message")).find(hint), std::string::npos);
  }
  EXPECT_EQ(show({}).exit_code, 0);
  EXPECT_EQ(run_program({"show", "--root", root_ + "/none", "web"}).exit_code, 8);
}

TEST_F(Show, ALinkToTheRootAndARemappedRootAreUnderstood) {
  build("good/userns.case");
  fs::create_directory_symlink(root_, scratch_.path() + "/linked");
  const Shown inventory = show({});
  const JsonValue::Array& below = Shown::array(inventory.document.get("below"));
  ASSERT_EQ(below.size(), 1U);
  const std::string prefix = Shown::text_of(below.front().get("id"));
  const JsonValue& image = Shown::array(below.front().get("images")).front();
  const Shown shown = show({Shown::text_of(image.get("id"))});
  EXPECT_EQ(shown.text("kind"), "image");
  for (const std::string& place : shown.places()) {
    EXPECT_TRUE(place.starts_with(prefix + "/")) << place;
    EXPECT_EQ(show({scratch_.path() + "/linked/" + place}).exit_code, 0) << place;
  }
}

TEST_F(Show, TheInventoryNamesEverything) {
  build("good/everything.case");
  const Shown shown = show({});
  EXPECT_EQ(shown.list("images"), (Texts{"=app:1", "=base:1", "=built:1", "=scratch:1"}));
  EXPECT_EQ(shown.list("containers").size(), 2U);
  EXPECT_EQ(shown.list("volumes"), (Texts{"=data", "=scratch"}));
  EXPECT_TRUE(holds(shown.list("networks"), "=mynet"));
  EXPECT_NE(text({}).find("nothing is wrong with the root's structure"), std::string::npos);
}

// Every thing of a root, whatever was done to it: a document each, nothing worse than a finding, and not a byte
// written.
TEST_F(Show, NeverWritesAndNeverFails) {
  size_t things = 0;
  for (const std::string& file : test::case_files()) {
    if (!file.starts_with("good/") && !file.starts_with("garbage/")) {
      continue;
    }
    SCOPED_TRACE(file);
    build(file);
    const Result<Snapshot> before = take_snapshot(root_);
    ASSERT_TRUE(before);
    const Shown inventory = show({});
    Texts words{"overlay2", "overlay2/l", "volumes", "image/overlay2/repositories.json"};
    for (const char* list : {"images", "containers", "volumes", "networks"}) {
      for (const JsonValue& thing : Shown::array(inventory.document.get(list))) {
        words.push_back(Shown::text_of(thing.get("id")));
        const Shown shown = show({words.back()});
        for (const JsonValue& part : Shown::array(shown.document.get("uses"))) {
          words.push_back(Shown::text_of(part.get("id")));
        }
      }
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (const std::string& word : words) {
      const Shown shown = show({"--quick", word});
      EXPECT_TRUE(shown.exit_code == 0 || shown.exit_code == 4 || shown.exit_code == 16) << word << shown.err;
      ++things;
    }
    const Result<Snapshot> after = take_snapshot(root_);
    ASSERT_TRUE(after);
    EXPECT_EQ(difference(*before, *after), "");
    fs::remove_all(root_);
  }
  EXPECT_GT(things, 100U);
}

}  // namespace
}  // namespace dfsck

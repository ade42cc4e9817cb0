// repositories.json as the daemon reads it, and what is saved of a torn one.
#include "core/model/scan/references.h"

#include <gtest/gtest.h>

#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

const std::string kFirst = "sha256:" + std::string(64, '1');
const std::string kSecond = "sha256:" + std::string(64, '2');
const std::string kIntact = R"({"Repositories":{"app":{"app:1":")" + kFirst + R"(","app:2":")" + kSecond +
                            R"("},"reg.example/b":{"reg.example/b:x":")" + kFirst + R"("}}})";

ReferenceStore scanned_references(const test::TempRoot& temp) {
  Model model;
  model.image_path = "image/overlay2";
  scan_references(temp.open(), model);
  return model.images.references;
}

ReferenceStore scanned_references(const std::string& bytes) {
  const test::TempRoot temp;
  temp.write("image/overlay2/repositories.json", bytes);
  return scanned_references(temp);
}

TEST(ScanReferences, ReadsAllEntriesSorted) {
  const ReferenceStore store = scanned_references(kIntact + "trailing bytes that the daemon ignores");
  EXPECT_EQ(store.problem, "");
  ASSERT_EQ(store.references.size(), 3u);
  EXPECT_EQ(store.references[0].name, "app:1");
  EXPECT_EQ(store.references[0].repository, "app");
  EXPECT_EQ(store.references[0].image->text(), kFirst);
  EXPECT_TRUE(store.references[2].well_formed);
}

TEST(ScanReferences, NothingThereAndAnEmptyObjectAreNoDamage) {
  const test::TempRoot temp;
  EXPECT_TRUE(scanned_references(temp).file.absent());
  EXPECT_EQ(scanned_references(temp).problem, "");
  EXPECT_EQ(scanned_references("{}").problem, "");
}

TEST(ScanReferences, NamesWhatTheDaemonWouldNotStartWith) {
  EXPECT_EQ(scanned_references("").problem, "empty");
  EXPECT_EQ(scanned_references(std::string(12, '\0')).problem, "filled with 12 zero bytes");
  EXPECT_EQ(scanned_references("null").problem, "null");
  EXPECT_EQ(scanned_references("[]").problem, "no JSON object");
  EXPECT_EQ(scanned_references(R"({"Repositories":null})").problem, "without repositories (null)");
  EXPECT_EQ(scanned_references(R"({"Repositories":{"a":{"a:1":1}}})").problem, "malformed (an entry is no text)");
  EXPECT_TRUE(scanned_references(R"({"Repositories":{"a":)").problem.starts_with("cut off after"));
  EXPECT_TRUE(scanned_references("some text").problem.starts_with("malformed"));
}

TEST(ScanReferences, SavesCompleteEntriesOfTornText) {
  const ReferenceStore store = scanned_references(kIntact.substr(0, kIntact.find("reg.example/b:x") + 40));
  ASSERT_EQ(store.references.size(), 2u);
  EXPECT_EQ(store.references[1].name, "app:2");
  EXPECT_EQ(store.references[1].image->text(), kSecond);
}

TEST(ScanReferences, SavesNothingThatIsNoEntry) {
  EXPECT_TRUE(salvage_references(R"("App:1":")" + kFirst + R"(" "app:1":"sha256:12" "app:1" "app)").empty());
  EXPECT_EQ(salvage_references(std::string(2, '\0') + "\"app:1\":\"" + kFirst + "\"garbage").size(), 1u);
}

TEST(ScanReferences, LooksIntoCutOffWritesOnlyWhenTheFileIsNoUse) {
  const test::TempRoot temp;
  temp.write("image/overlay2/.tmp-repositories.json1", kIntact);
  temp.write("image/overlay2/.tmp-repositories.json2", R"({"Repositories":{"app":{"app:1":")" + kSecond + R"("}}})");
  temp.set_mtime("image/overlay2/.tmp-repositories.json1", 1000);
  temp.set_mtime("image/overlay2/.tmp-repositories.json2", 2000);
  const ReferenceStore missing = scanned_references(temp);
  ASSERT_EQ(missing.unfinished.size(), 4u);
  EXPECT_EQ(missing.unfinished[0].image->text(), kSecond);  // of the newest file
  temp.write("image/overlay2/repositories.json", kIntact);
  EXPECT_TRUE(scanned_references(temp).unfinished.empty());
}

TEST(ScanReferences, MarksNamesThatNoListShows) {
  const ReferenceStore store =
      scanned_references(R"({"Repositories":{"app":{"app":")" + kFirst + R"(","b:1":")" + kFirst + R"("}}})");
  ASSERT_EQ(store.references.size(), 2u);
  EXPECT_FALSE(store.references[0].well_formed);
  EXPECT_FALSE(store.references[1].well_formed);
}

}  // namespace
}  // namespace dfsck

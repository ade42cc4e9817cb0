// Tags and the registry cache: each row of area 05, what can be proven of lost tags, and the bytes that are written.
#include <gtest/gtest.h>

#include <cerrno>

#include "checks/checks.h"
#include "checks/problems.h"
#include "checks/refs/reference_file.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"

namespace dfsck::test {
namespace {

using Slugs = std::vector<std::string>;

// The bytes that the plan writes to repositories.json; the test fails if it does anything else.
std::string written(const Plan& plan) {
  EXPECT_EQ(plan.steps.size(), 1u);
  const WriteFile* write = plan.steps.empty() ? nullptr : std::get_if<WriteFile>(&plan.steps[0].action);
  EXPECT_TRUE(write != nullptr && write->path == RelPath("image/overlay2/repositories.json"));
  return write != nullptr ? write->bytes : "";
}

class References : public ::testing::Test {
 protected:
  References() : id(build.add_image("app", build.add_layer("base"))) { build.add_tag("app:1", id); }

  ReferenceStore& store() { return build.model().images.references; }
  void lose_file() { store() = ReferenceStore(); }

  ModelBuilder build;
  ImageId id;
};

TEST_F(References, HealthyOnesGiveNothing) {
  build.add_tag("registry.example:5000/team/app@sha256:" + hex_of("manifest"), id);
  EXPECT_TRUE(run_check(check_references, build.model()).empty());
}

TEST_F(References, ARootWithoutImagesNeedsNoFile) {
  build.remove_image(id);
  lose_file();
  EXPECT_TRUE(run_check(check_references, build.model()).empty());
}

TEST_F(References, AMissingFileIsWrittenFromWhatContainersWereMadeOf) {
  build.container(build.add_container("one", id)).image_name = "app:1";
  build.container(build.add_container("two", id)).image_name = "docker.io/library/app";
  build.container(build.add_container("three", id)).image_name = id.hex().substr(0, 12);  // an id, no name
  build.container(build.add_container("four", id)).image_name = id.text();
  lose_file();
  const auto findings = run_check(check_references, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"repositories-missing"});
  EXPECT_EQ(findings[0].args.at("images"), "1 image");
  EXPECT_EQ(findings[0].args.at("recovered"), "2 tags");
  EXPECT_EQ(written(plan_for(check_references, build.model())),
            R"({"Repositories":{"app":{"app:1":")" + id.text() + R"(","app:latest":")" + id.text() + R"("}}})");
}

TEST_F(References, TheNewestContainerSaysWhatATagMeans) {
  const ImageId newer = build.add_image("newer", build.add_layer("other"));
  Container& old_one = build.container(build.add_container("old", id));
  old_one.image_name = "app:1";
  old_one.created = "2020-01-01T00:00:00Z";
  build.container(build.add_container("new", newer)).image_name = "app:1";
  lose_file();
  EXPECT_EQ(provable_tags(build.model())["app"]["app:1"], newer.text());
}

TEST_F(References, ATornFileKeepsItsEntriesAboveAllElse) {
  const ImageId other = build.add_image("other");
  Reference unfinished = store().references[0];
  unfinished.image = other;
  unfinished.target = other.text();
  store().unfinished.push_back(unfinished);
  unfinished.name = "app:2";
  store().unfinished.push_back(unfinished);
  store().problem = "cut off after 100 bytes";
  const auto findings = run_check(check_references, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"repositories-bad"});
  EXPECT_EQ(findings[0].args.at("recovered"), "2 tags");
  EXPECT_EQ(written(plan_for(check_references, build.model())),
            R"({"Repositories":{"app":{"app:1":")" + id.text() + R"(","app:2":")" + other.text() + R"("}}})");
}

TEST_F(References, TagsOfImagesThatAreGoneAreDroppedTogether) {
  const ImageId gone = build.add_image("gone");
  build.add_tag("gone:1", gone);
  build.add_tag("gone:2", gone);
  build.remove_image(gone);
  const auto findings = run_check(check_references, build.model());
  ASSERT_EQ(slugs(findings), (Slugs{"tag-dangling", "tag-dangling"}));
  EXPECT_EQ(findings[0].args.at("image"), gone.text());
  const Plan plan = plan_for(check_references, build.model());
  EXPECT_EQ(written(plan), R"({"Repositories":{"app":{"app:1":")" + id.text() + R"("}}})");
  EXPECT_EQ(plan.steps[0].findings.size(), 2u);
}

TEST_F(References, ATagOfADamagedImageIsNoFindingOfItsOwn) {
  build.image(id).problem = "empty";
  EXPECT_TRUE(run_check(check_references, build.model()).empty());
}

TEST_F(References, NothingDanglesWhereImagesCouldNotBeRead) {
  build.remove_image(id);
  build.model().images.complete = false;
  EXPECT_TRUE(run_check(check_references, build.model()).empty());
}

TEST_F(References, ATargetThatIsNoIdDangles) {
  store().references[0].image.reset();
  store().references[0].target = "\x1bjunk";
  const auto findings = run_check(check_references, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"tag-dangling"});
  EXPECT_EQ(findings[0].args.at("image"), "\"\\x1bjunk\"");
}

TEST_F(References, KeysThatNoListShowsAreKept) {
  store().references[0].name = "App 1";
  store().references[0].well_formed = false;
  EXPECT_EQ(slugs(run_check(check_references, build.model())), Slugs{"tag-malformed"});
  EXPECT_EQ(kept_tags(build.model(), {})["app"].count("App 1"), 1u);
}

TEST_F(References, WhatCannotBeReadIsNotWrittenOver) {
  lose_file();
  store().file.kind = FileState::Kind::Unreadable;
  store().file.code = EIO;
  store().problem = "unreadable (Input/output error)";
  EXPECT_EQ(slugs(run_check(check_references, build.model())), Slugs{"repositories-bad"});
  EXPECT_TRUE(plan_for(check_references, build.model()).steps.empty());
  store().file.code = EACCES;
  EXPECT_TRUE(run_check(check_references, build.model()).empty());
}

class Distribution : public ::testing::Test {
 protected:
  Distribution() { build.model().images = {}; }

  static RelPath base() { return "image/overlay2/distribution"; }
  void add_by_digest(const std::string& blob, const std::string& diff) {
    DistributionEntry entry;
    entry.key = hex_of(blob);
    entry.path = base() / "diffid-by-digest/sha256" / entry.key;
    entry.diff = DiffId::from_hex(hex_of(diff));
    build.model().images.diffid_by_digest.push_back(entry);
  }
  void add_by_diff(const std::string& diff, const std::string& blob) {
    DistributionEntry entry;
    entry.key = hex_of(diff);
    entry.path = base() / "v2metadata-by-diffid/sha256" / entry.key;
    entry.sources.push_back({*BlobDigest::from_hex(hex_of(blob)), "docker.io/library/app"});
    build.model().images.v2metadata_by_diffid.push_back(entry);
  }

  ModelBuilder build;
};

TEST_F(Distribution, AgreeingHalvesAndLeftOversGiveNothing) {
  add_by_digest("blob", "diff");
  add_by_diff("diff", "blob");
  add_by_digest("blob of a layer that is gone", "gone");
  add_by_diff("gone", "blob of a layer that is gone");
  add_by_diff("never written by digest", "other blob");
  EXPECT_TRUE(run_check(check_distribution, build.model()).empty());
}

TEST_F(Distribution, ADigestWhoseDiffIdWasNeverWrittenIsWrong) {
  add_by_digest("blob", "no such layer");
  EXPECT_EQ(slugs(run_check(check_distribution, build.model())), Slugs{"distribution-contradiction"});
}

TEST_F(Distribution, DamagedEntriesAreGarbage) {
  add_by_digest("blob", "diff");
  build.model().images.diffid_by_digest[0].diff.reset();
  build.model().images.diffid_by_digest[0].problem = "empty";
  const auto findings = run_check(check_distribution, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"distribution-bad"});
  EXPECT_EQ(findings[0].path, base() / "diffid-by-digest/sha256" / hex_of("blob"));
}

TEST_F(Distribution, TheHalfThatTheOtherDoesNotConfirmIsWrong) {
  add_by_digest("blob", "wrong");
  add_by_diff("right", "blob");
  const auto findings = run_check(check_distribution, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"distribution-contradiction"});
  EXPECT_EQ(findings[0].path, base() / "diffid-by-digest/sha256" / hex_of("blob"));
  EXPECT_EQ(findings[0].args.at("expected"), "sha256:" + hex_of("right"));
}

TEST_F(Distribution, AConfirmedEntryStaysAndTheOtherGoes) {
  add_by_digest("blob", "right");
  add_by_diff("right", "blob");
  add_by_diff("wrong", "blob");
  const auto findings = run_check(check_distribution, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"distribution-contradiction"});
  EXPECT_EQ(findings[0].path, base() / "v2metadata-by-diffid/sha256" / hex_of("wrong"));
}

}  // namespace
}  // namespace dfsck::test
